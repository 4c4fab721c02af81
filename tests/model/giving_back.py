"""Money goes back to whom it came from."""

from tests.model.cards import give_room
from tests.model.orders import GiveBack, Reverse, Told
from tests.model.paper import BETWEEN_PEOPLE, Paper, Payment, refused


def give_back(paper: Paper, order: GiveBack) -> Told:
    """By whoever was paid, as much as is left of it."""
    first = paper.payments.get(order.of)
    if first is None or (first.to, first.status) != (order.who, "completed") or first.kind not in BETWEEN_PEOPLE:
        return refused("NOT_FOUND")
    assert first.who is not None
    left = first.amount - first.given_back
    if left == 0:
        return refused("ALREADY_REFUNDED")
    amount = left if order.amount is None else order.amount
    if amount > left:
        return refused("REFUND_TOO_LARGE", left)
    if not paper.purses[first.who].can_be_paid:
        return refused("RECIPIENT_NOT_FOUND")
    purse = paper.purses[order.who]
    if purse.state == "closed":
        return refused("WALLET_CLOSED")
    new = Payment(order.id, "refund", order.who, first.who, amount, "completed", undoes=first.id)
    if purse.state != "active":
        new.status, new.why = "blocked", "WALLET_FROZEN"
    elif purse.free < amount:
        new.status, new.why, new.facts = "failed", "INSUFFICIENT_FUNDS", (amount, purse.free)
    else:
        paper.move(order.who, first.who, amount)
        first.given_back += amount
        first.changes += 1
    return paper.write(new)


def reverse(paper: Paper, order: Reverse) -> Told:
    """By the house, from whoever has it now: it is not there, or it goes, frozen or not. With a fee it goes whole."""
    first = paper.payments.get(order.of)
    if first is None:
        return refused("NOT_FOUND")
    if first.lapsed and first.status == "pending_confirmation":
        paper.end(first, "expired")
    if first.kind == "refund":
        return refused("INVALID_INPUT")
    if first.status != "completed":
        return refused("WRONG_STATE", first.status)
    left = first.amount + first.fee - first.given_back
    if left == 0:
        return refused("ALREADY_REFUNDED")
    amount = left if order.amount is None else order.amount
    if amount > left:
        return refused("REFUND_TOO_LARGE", left)
    if first.fee and amount < left:
        return refused("INVALID_AMOUNT")
    if first.who is not None and paper.purses[first.who].state == "closed":
        return refused("RECIPIENT_NOT_FOUND")
    if first.to is not None and (there := paper.purses[first.to].free) < amount:
        if there == 0 or not order.at_most:
            return refused("INSUFFICIENT_FUNDS", amount, there)
        amount = there
    if first.to is not None:
        paper.purses[first.to].change(posted=-amount)
    if first.who is not None:
        paper.purses[first.who].change(posted=amount)
    _take_from_the_house(paper, first, amount)
    give_room(paper, first, amount)
    first.given_back += amount
    first.changes += 1
    return paper.write(Payment(order.id, "refund", first.to, first.who, amount, "completed", undoes=first.id))


def _take_from_the_house(paper: Paper, first: Payment, amount: int) -> None:
    """What the house had or gave for what goes back, a fee with all of the rest."""
    money = paper.purses[first.owner].money
    if first.kind == "deposit":
        paper.tills["bank", money] += amount
    elif first.kind == "bonus":
        paper.tills["promotions", money] += amount
    elif first.kind == "withdrawal":
        paper.tills["bank", money] -= amount - first.fee
        paper.tills["fees", money] -= first.fee
    elif first.kind == "card":
        paper.tills["card_network", money] -= amount
