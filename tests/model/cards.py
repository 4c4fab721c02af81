"""Cards: had, stopped, bounded, and paid with."""

from tests.model.orders import IssueCard, LimitCard, PayByCard, SetCard, Told
from tests.model.paper import Card, Paper, Payment, refused


def issue(paper: Paper, order: IssueCard) -> Told:
    state = paper.purses[order.who].state
    if state != "active":
        return refused("WALLET_CLOSED" if state == "closed" else "WALLET_FROZEN")
    having = [one for one in paper.cards.values() if one.who == order.who and one.status != "closed"]
    if len(having) >= paper.house.most_cards:
        return refused("RATE_LIMITED", paper.house.most_cards)
    new = paper.cards[order.id] = Card(order.id, order.who, order.each, order.month)
    return paper.shown(new)


def set_card(paper: Paper, order: SetCard) -> Told:
    """Its owner stops it, lets it go, or closes it for good, whatever has become of their purse."""
    card = paper.cards.get(order.card)
    if card is None or card.who != order.who:
        return refused("NOT_FOUND")
    if card.status == order.status:
        return paper.shown(card, again=True)
    if card.status == "closed":
        return refused("WRONG_STATE", "closed")
    card.status = order.status
    card.changes += 1
    return paper.shown(card)


def limit_card(paper: Paper, order: LimitCard) -> Told:
    """Zero leaves a limit as it is, None lifts it."""
    card = paper.cards.get(order.card)
    if card is None or card.who != order.who:
        return refused("NOT_FOUND")
    if card.status == "closed":
        return refused("WRONG_STATE", "closed")
    wanted = card.each if order.each == 0 else order.each, card.month if order.month == 0 else order.month
    if wanted == (card.each, card.month):
        return paper.shown(card, again=True)
    card.each, card.month = wanted
    card.changes += 1
    return paper.shown(card)


def pay_by_card(paper: Paper, order: PayByCard) -> Told:
    card, purse = paper.cards.get(order.card), paper.purses[order.who]
    if card is None or card.who != order.who:
        return refused("NOT_FOUND")
    if purse.state == "closed":
        return refused("WALLET_CLOSED")
    new = Payment(order.id, "card", order.who, None, order.amount, "completed", card=card.id)
    if purse.state != "active":
        new.status, new.why = "blocked", "WALLET_FROZEN"
        return paper.write(new)
    if card.status != "active":
        return refused("CARD_CLOSED" if card.status == "closed" else "CARD_FROZEN")
    if card.expired:
        return refused("CARD_EXPIRED")
    if purse.free < order.amount:
        new.status, new.why, new.facts = "failed", "INSUFFICIENT_FUNDS", (order.amount, purse.free)
        return paper.write(new)
    if card.each is not None and order.amount > card.each:
        return refused("CARD_LIMIT_EXCEEDED", card.each)
    if card.month is not None and card.spent + order.amount > card.month:
        return refused("CARD_LIMIT_EXCEEDED", card.month, max(card.month - card.spent, 0))
    purse.change(posted=-order.amount)
    paper.tills["card_network", purse.money] += order.amount
    card.spent += order.amount
    card.changes += 1
    new.month = card.paid_in = card.months
    return paper.write(new)


def give_room(paper: Paper, payment: Payment, amount: int) -> None:
    """That much of what a card paid was given back: its latest month has room for it, if it paid in that."""
    card = None if payment.card is None else paper.cards[payment.card]
    if card is None or payment.month != card.paid_in:
        return
    card.changes += 1
    if card.paid_in == card.months:
        card.spent -= amount
