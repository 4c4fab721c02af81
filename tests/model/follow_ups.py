"""Orders that follow another order immediately, so that orders of one unit of work depend on each other."""

import random
from collections.abc import Callable
from uuid import UUID

from tests.model.model import Model
from tests.model.orders import (
    Cancel,
    CancelRequest,
    Confirm,
    DeclineRequest,
    Freeze,
    IssueCard,
    Order,
    Pay,
    PayBatch,
    PayByCard,
    PayRequest,
    Refund,
    RequestMoney,
    Reverse,
    SetCardLimits,
    SetCardStatus,
    Unfreeze,
)


def follow_up(chance: random.Random, model: Model, before: Order, new_id: Callable[[], UUID]) -> Order | None:
    """Returns an order about the same object or the same two customers, or None."""
    match before:
        case Refund() | Reverse() if before.of in model.payments:
            # The payer pays the same recipient again, who may no longer be known.
            first = model.payments[before.of]
            to = first.to if first.who is not None else None
            return Pay(new_id(), first.owner, to, chance.choice((1, 10)), new_id().hex)
        case Pay() | PayBatch():
            id = before.id if isinstance(before, Pay) else chance.choice(before.ids)
            return chance.choice((Confirm, Confirm, Cancel))(before.who, id)
        case RequestMoney():
            place = chance.randrange(len(before.ids))
            return PayRequest(new_id(), before.among[place] or before.who, before.ids[place], new_id().hex)
        case PayRequest():
            request = model.requests.get(before.request)
            if request is not None and chance.random() < 0.3:
                return CancelRequest(request.who, request.id)
            return (
                Confirm(before.who, before.id)
                if chance.random() < 0.6
                else DeclineRequest(before.who, before.request)
            )
        case IssueCard():
            return PayByCard(new_id(), before.who, before.id, chance.choice((1, 10)), new_id().hex)
        case SetCardStatus() | SetCardLimits():
            return PayByCard(new_id(), before.who, before.card, chance.choice((1, 10)), new_id().hex)
        case Freeze() | Unfreeze():
            to = chance.choice(list(model.wallets))
            return Pay(new_id(), before.who, to, chance.choice((1, 10)), new_id().hex)
    return None
