"""Freezing, unfreezing and closing wallets."""

from tests.model.orders import CloseWallet, Freeze, Reply, Unfreeze
from tests.model.store import Store, refused


def set_frozen(store: Store, order: Freeze | Unfreeze) -> Reply:
    """Freezes or unfreezes a wallet. A closed wallet is refused; repeating it changes nothing."""
    wallet = store.wallets[order.who]
    if wallet.state == "closed":
        return refused("WALLET_CLOSED")
    wallet.state = order.what if isinstance(order, Freeze) else "active"
    return Reply(facts=(wallet.state,))


def close_wallet(store: Store, order: CloseWallet) -> Reply:
    """Closes an empty wallet without pending payments. Requests to its owner and its cards end with it."""
    wallet = store.wallets[order.who]
    if wallet.state == "closed":
        return Reply(facts=("closed",), replayed=True)
    if not order.proven:
        return Reply(facts=(wallet.state,))
    if wallet.state != "active":
        return refused("WALLET_FROZEN")
    alive = any(one.status in ("created", "pending_confirmation") for one in store.owned[order.who])
    if wallet.posted or wallet.held or alive:
        return refused("BALANCE_NOT_ZERO")
    wallet.state = "closed"
    for request in store.requests.values():
        if request.of == order.who:
            store.lapse(request)
            if request.status == "pending":
                request.become("declined")
    for card in store.cards.values():
        if card.who == order.who and card.status != "closed":
            card.status = "closed"
            card.changes += 1
    return Reply(facts=("closed",))
