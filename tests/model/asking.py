"""Money is asked for, and the request is paid, declined, taken back, or nobody comes back for it."""

from tests.model.orders import AskFor, Decline, PayAsked, Sweep, TakeBack, Told
from tests.model.paper import Paper, Request, refused
from tests.model.paying import pay


def shares_of(total: int, among: int, *, with_me: bool) -> list[int]:
    """What each of the others pays: all the same, and a cent more for the first ones until nothing is left."""
    parts = among + with_me
    each, over = total // parts, total % parts
    return [each + 1 if place < over else each for place in range(among)]


def ask_for(paper: Paper, order: AskFor) -> Told:
    purses, own = paper.purses, paper.purses[order.who]
    others = [name for name in order.among if name is not None and purses[name].can_be_paid]
    if len(others) < len(order.among):
        return refused("RECIPIENT_NOT_FOUND")
    if order.who in others:
        return refused("SELF_TRANSFER")
    if any(purses[name].money != own.money for name in others):
        return refused("CURRENCY_MISMATCH")
    if own.state == "closed":
        return refused("WALLET_CLOSED")
    if own.state == "all":
        return refused("WALLET_FROZEN")
    mine = [one for one in paper.requests.values() if one.who == order.who]
    for name in others:
        if sum(one.open for one in mine if one.of == name) >= paper.house.most_open:
            return refused("RATE_LIMITED", paper.house.most_open)
    if sum(not one.old for one in mine) + len(others) > paper.house.most_asked:
        return refused("RATE_LIMITED", paper.house.most_asked)
    shares = shares_of(order.total, len(others), with_me=order.with_me)
    each = zip(order.ids, others, shares, strict=True)
    new = [Request(id, order.who, name, amount) for id, name, amount in each]
    paper.requests |= {one.id: one for one in new}
    return paper.asked(new)


def pay_asked(paper: Paper, order: PayAsked) -> Told:
    request = paper.requests.get(order.request)
    if request is None or request.of != order.who:
        return refused("NOT_FOUND")
    paper.lapse(request)
    if request.status != "pending":
        return refused("WRONG_STATE", request.status)
    if paper.waiting_for(request) is not None:
        return refused("WRONG_STATE", "pending_confirmation")
    return pay(paper, order.id, order.who, request.who, request.amount, request)


def decline(paper: Paper, order: Decline) -> Told:
    request = paper.requests.get(order.request)
    if request is None or request.of != order.who:
        return refused("NOT_FOUND")
    return _ended(paper, request, "declined")


def take_back(paper: Paper, order: TakeBack) -> Told:
    request = paper.requests.get(order.request)
    if request is None or request.who != order.who:
        return refused("NOT_FOUND")
    return _ended(paper, request, "cancelled")


def sweep(paper: Paper, order: Sweep) -> Told:
    """It ends when one of the two has left."""
    request = paper.requests.get(order.request)
    if request is None:
        return refused("NOT_FOUND")
    paper.lapse(request)
    gone = "closed" in (paper.purses[request.who].state, paper.purses[request.of].state)
    if request.status == "pending" and gone:
        return _ended(paper, request, "cancelled")
    return paper.asked([request], again=True)


def _ended(paper: Paper, request: Request, status: str) -> Told:
    paper.lapse(request)
    if request.status == status:
        return paper.asked([request], again=True)
    if request.status != "pending":
        return refused("WRONG_STATE", request.status)
    if (waiting := paper.waiting_for(request)) is not None:
        paper.end(waiting, "cancelled")
    request.become(status)
    return paper.asked([request])
