"""Money requests: they are made, paid, declined, cancelled, or expire."""

from tests.model.orders import CancelRequest, DeclineRequest, EndUnpayableRequest, PayRequest, Reply, RequestMoney
from tests.model.store import Request, Store, refused
from tests.model.transfers import pay


def shares_of(total: int, among: int, *, with_me: bool) -> list[int]:
    """Returns the share of each payer: equal shares, the first ones a cent larger to distribute the remainder."""
    parts = among + with_me
    each, over = total // parts, total % parts
    return [each + 1 if place < over else each for place in range(among)]


def request_money(store: Store, order: RequestMoney) -> Reply:
    wallets, own = store.wallets, store.wallets[order.who]
    others = [name for name in order.among if name is not None and wallets[name].can_be_paid]
    if len(others) < len(order.among):
        return refused("RECIPIENT_NOT_FOUND")
    if order.who in others:
        return refused("SELF_TRANSFER")
    if any(wallets[name].money != own.money for name in others):
        return refused("CURRENCY_MISMATCH")
    if own.state == "closed":
        return refused("WALLET_CLOSED")
    if own.state == "all":
        return refused("WALLET_FROZEN")
    mine = [one for one in store.requests.values() if one.who == order.who]
    for name in others:
        if sum(one.open for one in mine if one.of == name) >= store.rules.max_open_requests:
            return refused("RATE_LIMITED", store.rules.max_open_requests)
    if sum(not one.old for one in mine) + len(others) > store.rules.max_requests_a_day:
        return refused("RATE_LIMITED", store.rules.max_requests_a_day)
    shares = shares_of(order.total, len(others), with_me=order.with_me)
    each = zip(order.ids, others, shares, strict=True)
    new = [Request(id, order.who, name, amount) for id, name, amount in each]
    store.requests |= {one.id: one for one in new}
    return store.requests_reply(new)


def pay_request(store: Store, order: PayRequest) -> Reply:
    request = store.requests.get(order.request)
    if request is None or request.of != order.who:
        return refused("NOT_FOUND")
    store.lapse(request)
    if request.status != "pending":
        return refused("WRONG_STATE", request.status)
    if store.waiting_for(request) is not None:
        return refused("WRONG_STATE", "pending_confirmation")
    return pay(store, order.id, order.who, request.who, request.amount, request)


def decline_request(store: Store, order: DeclineRequest) -> Reply:
    request = store.requests.get(order.request)
    if request is None or request.of != order.who:
        return refused("NOT_FOUND")
    return _ended(store, request, "declined")


def cancel_request(store: Store, order: CancelRequest) -> Reply:
    request = store.requests.get(order.request)
    if request is None or request.who != order.who:
        return refused("NOT_FOUND")
    return _ended(store, request, "cancelled")


def lapse_request(store: Store, order: EndUnpayableRequest) -> Reply:
    """The sweeper expires an overdue request, and cancels one whose payer or requester has closed the wallet."""
    request = store.requests.get(order.request)
    if request is None:
        return refused("NOT_FOUND")
    store.lapse(request)
    gone = "closed" in (store.wallets[request.who].state, store.wallets[request.of].state)
    if request.status == "pending" and gone:
        return _ended(store, request, "cancelled")
    return store.requests_reply([request], replayed=True)


def _ended(store: Store, request: Request, status: str) -> Reply:
    store.lapse(request)
    if request.status == status:
        return store.requests_reply([request], replayed=True)
    if request.status != "pending":
        return refused("WRONG_STATE", request.status)
    if (waiting := store.waiting_for(request)) is not None:
        store.end(waiting, "cancelled")
    request.become(status)
    return store.requests_reply([request])
