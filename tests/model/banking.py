"""Money from a bank and to one, and what the bank says."""

from tests.model.orders import BringIn, BringOver, PayOut, Told, Welcome
from tests.model.paper import Paper, Payment, refused


def bring_in(paper: Paper, order: BringIn) -> Told:
    state = paper.purses[order.who].state
    if state == "closed":
        return refused("WALLET_CLOSED")
    new = Payment(order.id, "deposit", None, order.who, order.amount, "created")
    if state == "all":
        new.status, new.why = "blocked", "WALLET_FROZEN"
    elif (no := paper.too_much(order.who, "deposit", order.amount)) is not None:
        return no
    return paper.write(new)


def bring_over(paper: Paper, order: BringOver) -> Told:
    """No limit and no freeze stops it: it is theirs already."""
    return _given(paper, order, "deposit", "bank")


def welcome(paper: Paper, order: Welcome) -> Told:
    """No limit and no freeze stops it: it was earned before."""
    return _given(paper, order, "bonus", "promotions")


def _given(paper: Paper, order: BringOver | Welcome, kind: str, till: str) -> Told:
    purse = paper.purses[order.who]
    if purse.state == "closed":
        return refused("WALLET_CLOSED")
    purse.change(posted=order.amount)
    paper.tills[till, purse.money] -= order.amount
    return paper.write(Payment(order.id, kind, None, order.who, order.amount, "completed"))


def pay_out(paper: Paper, order: PayOut) -> Told:
    purse = paper.purses[order.who]
    if purse.state == "closed":
        return refused("WALLET_CLOSED")
    fee = max(1, (order.amount * 3 + 100) // 200) if order.fast else 0  # 1.5 %, half up
    new = Payment(order.id, "withdrawal", order.who, None, order.amount, "created", fee=fee)
    whole = order.amount + fee
    if purse.state != "active":
        new.status, new.why = "blocked", "WALLET_FROZEN"
    elif purse.free < whole:
        new.status, new.why, new.facts = "failed", "INSUFFICIENT_FUNDS", (whole, purse.free)
    elif (no := paper.too_much(order.who, "withdrawal", order.amount)) is not None:
        return no
    else:
        purse.change(held=whole)
    return paper.write(new)


def bank_says(paper: Paper, payment: Payment, *, yes: bool) -> Told:
    """What the bank did is done, whatever has become of the purse."""
    if payment.kind not in ("deposit", "withdrawal"):
        return refused("NOT_FOUND")
    if payment.status != "created":
        return paper.told(payment, payment.why)
    purse, whole = paper.purses[payment.owner], payment.amount + payment.fee
    payment.become("completed" if yes else "failed", None if yes else "BANK_DECLINED")
    if payment.kind == "deposit" and yes:
        purse.change(posted=whole)
        paper.tills["bank", purse.money] -= whole
    elif payment.kind == "withdrawal":
        purse.change(held=-whole, posted=-whole if yes else 0)
        paper.tills["bank", purse.money] += payment.amount if yes else 0
        paper.tills["fees", purse.money] += payment.fee if yes else 0
    return paper.told(payment, payment.why)
