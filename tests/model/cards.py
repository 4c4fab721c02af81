"""Cards: issuing, freezing, closing, limits and payments."""

from tests.model.orders import IssueCard, PayByCard, Reply, SetCardLimits, SetCardStatus
from tests.model.store import Card, Payment, Store, refused


def issue(store: Store, order: IssueCard) -> Reply:
    state = store.wallets[order.who].state
    if state != "active":
        return refused("WALLET_CLOSED" if state == "closed" else "WALLET_FROZEN")
    having = [one for one in store.cards.values() if one.who == order.who and one.status != "closed"]
    if len(having) >= store.rules.max_cards:
        return refused("RATE_LIMITED", store.rules.max_cards)
    new = store.cards[order.id] = Card(order.id, order.who, order.each, order.month)
    return store.card_reply(new)


def set_card(store: Store, order: SetCardStatus) -> Reply:
    """The owner freezes, unfreezes or closes the card, in every state of their wallet."""
    card = store.cards.get(order.card)
    if card is None or card.who != order.who:
        return refused("NOT_FOUND")
    if card.status == order.status:
        return store.card_reply(card, replayed=True)
    if card.status == "closed":
        return refused("WRONG_STATE", "closed")
    card.status = order.status
    card.changes += 1
    return store.card_reply(card)


def limit_card(store: Store, order: SetCardLimits) -> Reply:
    """Changes the limits of a card. Zero keeps a limit, None removes it."""
    card = store.cards.get(order.card)
    if card is None or card.who != order.who:
        return refused("NOT_FOUND")
    if card.status == "closed":
        return refused("WRONG_STATE", "closed")
    wanted = card.each if order.each == 0 else order.each, card.month if order.month == 0 else order.month
    if wanted == (card.each, card.month):
        return store.card_reply(card, replayed=True)
    card.each, card.month = wanted
    card.changes += 1
    return store.card_reply(card)


def pay_by_card(store: Store, order: PayByCard) -> Reply:
    card, wallet = store.cards.get(order.card), store.wallets[order.who]
    if card is None or card.who != order.who:
        return refused("NOT_FOUND")
    if wallet.state == "closed":
        return refused("WALLET_CLOSED")
    new = Payment(order.id, "card", order.who, None, order.amount, "completed", card=card.id)
    if wallet.state != "active":
        new.status, new.why = "blocked", "WALLET_FROZEN"
        return store.write(new)
    if card.status != "active":
        return refused("CARD_CLOSED" if card.status == "closed" else "CARD_FROZEN")
    if card.expired:
        return refused("CARD_EXPIRED")
    if wallet.free < order.amount:
        new.status, new.why, new.facts = "failed", "INSUFFICIENT_FUNDS", (order.amount, wallet.free)
        return store.write(new)
    if card.each is not None and order.amount > card.each:
        return refused("CARD_LIMIT_EXCEEDED", card.each)
    if card.month is not None and card.spent + order.amount > card.month:
        return refused("CARD_LIMIT_EXCEEDED", card.month, max(card.month - card.spent, 0))
    wallet.change(posted=-order.amount)
    store.house_accounts["card_network", wallet.money] += order.amount
    card.spent += order.amount
    card.changes += 1
    new.month = card.paid_in = card.months
    return store.write(new)


def reduce_spent(store: Store, payment: Payment, amount: int) -> None:
    """Subtracts a reversed amount from the card's spent amount, if the payment was in the card's last month of
    payments."""
    card = None if payment.card is None else store.cards[payment.card]
    if card is None or payment.month != card.paid_in:
        return
    card.changes += 1
    if card.paid_in == card.months:
        card.spent -= amount
