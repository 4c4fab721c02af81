"""transactionUpdated: the life of one transaction, or of all that the viewer may see."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from pocketpay.api import ids
from pocketpay.api.bad_input import BadUserInput
from pocketpay.api.context import Context, Info
from pocketpay.api.since import Since, place_after
from pocketpay.api.transaction import Transaction
from pocketpay.transactions.visibility import seen_by

NO_SUCH_TRANSACTION = "There is no such transaction."


@strawberry.subscription(
    description="With an id: that transaction at once, then after every change; an id of nothing, or of what the "
    "viewer may not see (somebody else's, or a payment to the viewer that is not completed), ends with "
    "BAD_USER_INPUT. Without: every change of all transactions that the viewer may see, after `since` or from now "
    "on; a payment to the viewer is first sent when it is completed. Of several changes close together the last is "
    "sent. With an id `since` has no effect, because the present state comes first."
)
async def transaction_updated(
    info: Info,
    id: Annotated[
        strawberry.ID | None, strawberry.argument(description="One transaction; absent or null: all.")
    ] = None,
    since: Since = None,
) -> AsyncGenerator[Transaction, None]:
    wallet_id = info.context.must_view().wallet_id
    if id is None:
        updates = _all(info.context, wallet_id, since)
    else:
        updates = _one(info.context, wallet_id, ids.decode(ids.TRANSACTION, id))
    async with aclosing(updates):
        async for transaction in updates:
            yield transaction


async def _one(context: Context, wallet_id: UUID, id: UUID | None) -> AsyncGenerator[Transaction, None]:
    if id is None:
        raise BadUserInput(NO_SUCH_TRANSACTION, at=("id",))
    with context.rooms.feeds.transactions.watch(id) as watch:
        first = await watch.first()
        seen = None if first is None else seen_by(first, wallet_id)
        if seen is None:
            raise BadUserInput(NO_SUCH_TRANSACTION, at=("id",))
        while seen is not None:  # what may be seen once may always be seen
            yield Transaction.of(seen, wallet_id)
            seen = seen_by(await watch.next(), wallet_id)


async def _all(context: Context, wallet_id: UUID, since: datetime | None) -> AsyncGenerator[Transaction, None]:
    changes = context.rooms.feeds.changes
    after = await place_after(context, changes, since)
    with changes.watch(wallet_id, after) as watch:
        while True:
            seen = seen_by(await watch.next(), wallet_id)
            if seen is not None:
                yield Transaction.of(seen, wallet_id)
