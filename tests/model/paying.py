"""One person pays another."""

from uuid import UUID

from tests.model.orders import Told
from tests.model.paper import BETWEEN_PEOPLE, RULES, Paper, Payment, Request, refused


def pay(paper: Paper, id: UUID, who: str, to: str | None, amount: int, request: Request | None = None) -> Told:
    if to is None or not paper.purses[to].can_be_paid:
        return refused("RECIPIENT_NOT_FOUND")
    if to == who:
        return refused("SELF_TRANSFER")
    purse = paper.purses[who]
    if purse.money != paper.purses[to].money:
        return refused("CURRENCY_MISMATCH")
    if purse.state == "closed":
        return refused("WALLET_CLOSED")
    kind, asked = ("send", None) if request is None else ("request", request.id)
    new = Payment(id, kind, who, to, amount, "completed", asked=asked)
    if purse.state != "active":
        new.status, new.why = "blocked", "WALLET_FROZEN"
        return paper.write(new)
    if purse.free < amount:
        new.status, new.why, new.facts = "failed", "INSUFFICIENT_FUNDS", (amount, purse.free)
        return paper.write(new)
    if (no := paper.too_much(who, "transfer", amount)) is not None:
        return no
    new.reasons = reasons(paper, who, to, amount, side_effects=None)
    if not new.reasons:
        paper.move(who, to, amount)
        if request is not None:
            request.become("paid")
        return paper.write(new)
    if len(paper.waiting_of(who)) >= paper.house.most_waiting:
        return refused("TOO_MANY_PENDING", paper.house.most_waiting)
    if _blocks(paper, new.reasons):
        new.status, new.why = "blocked", "RISK_BLOCKED"
        return paper.write(new)
    purse.change(held=amount)
    new.status, new.waited = "pending_confirmation", True
    return paper.write(new)


def answered(paper: Paper, payment: Payment, *, yes: bool) -> Told:
    """Its sender says yes or no to a payment that waits. Nothing else ever waits for them."""
    who, to = payment.who, payment.to
    if payment.kind not in BETWEEN_PEOPLE or who is None or to is None:
        return refused("NOT_FOUND")
    if payment.status == ("completed" if yes else "cancelled"):
        return paper.told(payment, again=True)
    if payment.status != "pending_confirmation":
        return refused("WRONG_STATE", payment.status)
    if not yes:
        return paper.end(payment, "cancelled")
    if paper.purses[who].state != "active":
        return paper.end(payment, "blocked", "WALLET_FROZEN")
    if not paper.purses[to].can_be_paid:
        return paper.end(payment, "failed", "RECIPIENT_NOT_FOUND")
    found = reasons(paper, who, to, payment.amount, side_effects=payment)
    if _blocks(paper, found):
        payment.reasons = found
        return paper.end(payment, "blocked", "RISK_BLOCKED")
    payment.become("completed")
    paper.move(who, to, payment.amount, held=payment.amount)
    if payment.asked is not None:
        paper.requests[payment.asked].become("paid")
    return paper.told(payment)


def reasons(
    paper: Paper, who: str, to: str, amount: int, *, side_effects: Payment | None
) -> tuple[tuple[str, int], ...]:
    """Which rules a payment meets, each with the number it was measured against."""
    mine = [one for one in paper.owned[who] if one.kind in BETWEEN_PEOPLE and one is not side_effects]
    house = paper.house
    known = any(one.to == to and one.status == "completed" and one.given_back < one.amount for one in mine)
    is_so = {
        "large_transfer": amount > house.threshold,
        "new_recipient": not known,
        "rapid_transfers": sum(one.recent for one in mine) >= house.many,
    }
    measure = {"large_transfer": house.threshold, "new_recipient": 0, "rapid_transfers": house.many}
    return tuple((rule, measure[rule]) for rule in RULES if is_so[rule] and house.actions[rule] != "off")


def _blocks(paper: Paper, found: tuple[tuple[str, int], ...]) -> bool:
    return any(paper.house.actions[rule] == "block" for rule, _ in found)
