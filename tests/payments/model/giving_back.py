"""Money goes back to whom it came from."""

from tests.payments.model.orders import GiveBack, Told
from tests.payments.model.paper import BETWEEN_PEOPLE, Paper, Payment, refused


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
