"""What somebody says right after something else, in one breath: where orders of one unit of work meet."""

import random
from collections.abc import Callable
from uuid import UUID

from tests.model.model import Model
from tests.model.orders import (
    AskFor,
    Decline,
    GiveBack,
    IssueCard,
    LetGo,
    LimitCard,
    Order,
    Pay,
    PayAsked,
    PayByCard,
    PayMany,
    Reverse,
    SayNo,
    SayYes,
    SetCard,
    Stop,
    TakeBack,
)


def follows(chance: random.Random, model: Model, before: Order, new_id: Callable[[], UUID]) -> Order | None:
    """Something about the same thing or the same two people, or nothing in particular."""
    match before:
        case GiveBack() | Reverse() if before.of in model.payments:
            # Whoever got it back pays again, and does not know them any more perhaps.
            first = model.payments[before.of]
            to = first.to if first.who is not None else None
            return Pay(new_id(), first.owner, to, chance.choice((1, 10)), new_id().hex)
        case Pay() | PayMany():
            id = before.id if isinstance(before, Pay) else chance.choice(before.ids)
            return chance.choice((SayYes, SayYes, SayNo))(before.who, id)
        case AskFor():
            place = chance.randrange(len(before.ids))
            return PayAsked(new_id(), before.among[place] or before.who, before.ids[place], new_id().hex)
        case PayAsked():
            request = model.requests.get(before.request)
            if request is not None and chance.random() < 0.3:
                return TakeBack(request.who, request.id)
            return SayYes(before.who, before.id) if chance.random() < 0.6 else Decline(before.who, before.request)
        case IssueCard():
            return PayByCard(new_id(), before.who, before.id, chance.choice((1, 10)), new_id().hex)
        case SetCard() | LimitCard():
            return PayByCard(new_id(), before.who, before.card, chance.choice((1, 10)), new_id().hex)
        case Stop() | LetGo():
            to = chance.choice(list(model.purses))
            return Pay(new_id(), before.who, to, chance.choice((1, 10)), new_id().hex)
    return None
