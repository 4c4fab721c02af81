"""Many payments in one order: each for itself, or all or none."""

from dataclasses import replace

from tests.model.orders import Item, PayMany, Told
from tests.model.paper import Kept, Paper, Purse, refused
from tests.model.paying import pay

NOTHING = Told()
BAD_AMOUNT = refused("INVALID_AMOUNT")


def unreadable(order: PayMany) -> Told | None:
    """All or none, and one of them makes no sense: nobody looks further."""
    if not order.atomic or all(item.amount for item in order.items):
        return None
    return Told(parts=tuple(NOTHING if item.amount else BAD_AMOUNT for item in order.items))


def pay_many(paper: Paper, order: PayMany) -> Told:
    purses = {name: replace(purse) for name, purse in paper.purses.items()}
    parts: list[Told] = []
    for place, item in enumerate(order.items):
        parts.append(_pay(paper, order, place, item))
        if order.atomic and (no := parts[-1]).why is not None:
            _forget(paper, order, purses)
            rest = len(order.items) - len(parts)
            return Told(parts=(*[NOTHING] * place, Told(why=no.why, facts=no.facts), *[NOTHING] * rest))
    return Told(tuple(thing for part in parts for thing in part.things), parts=tuple(parts))


def again(paper: Paper, kept: Kept) -> Told:
    """What came of each as it is now; what was refused is refused in the same words."""
    parts = []
    for first in kept.parts:
        if first.things:
            parts.append(paper.told(paper.payments[first.things[0][0]], first.why, again=True))
        else:
            parts.append(first)
    return Told(tuple(thing for part in parts for thing in part.things), again=True, parts=tuple(parts))


def _pay(paper: Paper, order: PayMany, place: int, item: Item) -> Told:
    if item.amount == 0:
        return BAD_AMOUNT
    return pay(paper, order.ids[place], order.who, item.to, item.amount)


def _forget(paper: Paper, order: PayMany, purses: dict[str, Purse]) -> None:
    """As if nobody had said anything."""
    paper.purses.update(purses)
    for id in order.ids:
        if (payment := paper.payments.pop(id, None)) is not None:
            paper.owned[order.who].remove(payment)
