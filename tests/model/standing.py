"""Whether a purse may be used."""

from tests.model.orders import Leave, LetGo, Stop, Told
from tests.model.paper import Paper, refused


def stop(paper: Paper, order: Stop | LetGo) -> Told:
    """Who has left has left; and what is so already is so."""
    purse = paper.purses[order.who]
    if purse.state == "closed":
        return refused("WALLET_CLOSED")
    purse.state = order.what if isinstance(order, Stop) else "active"
    return Told(facts=(purse.state,))


def leave(paper: Paper, order: Leave) -> Told:
    """With nothing in the purse and nothing on its way; what was asked of them and their cards end with it."""
    purse = paper.purses[order.who]
    if purse.state == "closed":
        return Told(facts=("closed",), again=True)
    if not order.proven:
        return Told(facts=(purse.state,))
    if purse.state != "active":
        return refused("WALLET_FROZEN")
    alive = any(one.status in ("created", "pending_confirmation") for one in paper.owned[order.who])
    if purse.posted or purse.held or alive:
        return refused("BALANCE_NOT_ZERO")
    purse.state = "closed"
    for request in paper.requests.values():
        if request.of == order.who:
            paper.lapse(request)
            if request.status == "pending":
                request.become("declined")
    for card in paper.cards.values():
        if card.who == order.who and card.status != "closed":
            card.status = "closed"
            card.changes += 1
    return Told(facts=("closed",))
