"""Batches: several payments in one order, each independent, or all or none."""

from dataclasses import replace

from tests.model.orders import Item, PayBatch, Reply
from tests.model.store import Store, StoredKey, Wallet, refused
from tests.model.transfers import pay

NOTHING = Reply()
BAD_AMOUNT = refused("INVALID_AMOUNT")


def invalid(order: PayBatch) -> Reply | None:
    """Returns the refusal of an atomic batch with an invalid item, which is not processed further; None otherwise."""
    if not order.atomic or all(item.amount for item in order.items):
        return None
    return Reply(parts=tuple(NOTHING if item.amount else BAD_AMOUNT for item in order.items))


def pay_batch(store: Store, order: PayBatch) -> Reply:
    wallets = {name: replace(wallet) for name, wallet in store.wallets.items()}
    parts: list[Reply] = []
    for place, item in enumerate(order.items):
        parts.append(_pay(store, order, place, item))
        if order.atomic and (no := parts[-1]).why is not None:
            _forget(store, order, wallets)
            rest = len(order.items) - len(parts)
            return Reply(parts=(*[NOTHING] * place, Reply(why=no.why, facts=no.facts), *[NOTHING] * rest))
    return Reply(tuple(thing for part in parts for thing in part.things), parts=tuple(parts))


def replay(store: Store, kept: StoredKey) -> Reply:
    """Returns the current state of each payment, and the first refusal of each refused item."""
    parts = []
    for first in kept.parts:
        if first.things:
            parts.append(store.payment_reply(store.payments[first.things[0][0]], first.why, replayed=True))
        else:
            parts.append(first)
    return Reply(tuple(thing for part in parts for thing in part.things), replayed=True, parts=tuple(parts))


def _pay(store: Store, order: PayBatch, place: int, item: Item) -> Reply:
    if item.amount == 0:
        return BAD_AMOUNT
    return pay(store, order.ids[place], order.who, item.to, item.amount)


def _forget(store: Store, order: PayBatch, wallets: dict[str, Wallet]) -> None:
    """Undoes the payments of the batch."""
    store.wallets.update(wallets)
    for id in order.ids:
        if (payment := store.payments.pop(id, None)) is not None:
            store.owned[order.who].remove(payment)
