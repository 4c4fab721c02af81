"""The resolver of `transactionUpdated`: sends the changes of one transaction, or of all that the viewer can see."""

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

NO_SUCH_TRANSACTION = "No transaction has this id."


@strawberry.subscription(
    description="With an id, the subscription sends first the current state of the transaction, then its state "
    "after each change. An unknown id, or the id of a transaction that the viewer cannot see, ends the "
    "subscription with BAD_USER_INPUT. Without an id, the subscription sends every later change of all "
    "transactions that the viewer can see. An incoming payment appears when it is completed. Several changes "
    "within a short time may arrive as one event with the newest state."
)
async def transaction_updated(
    info: Info,
    id: Annotated[
        strawberry.ID | None,
        strawberry.argument(description="The id of one transaction. Absent or null: all transactions."),
    ] = None,
    since: Since = None,
) -> AsyncGenerator[Transaction, None]:
    wallet_id = info.context.require_viewer().wallet_id
    if id is None:
        updates = _updates_of_all(info.context, wallet_id, since)
    else:
        updates = _updates_of_one(info.context, wallet_id, ids.decode(ids.TRANSACTION, id))
    async with aclosing(updates):
        async for transaction in updates:
            yield transaction


async def _updates_of_one(context: Context, wallet_id: UUID, id: UUID | None) -> AsyncGenerator[Transaction, None]:
    if id is None:
        raise BadUserInput(NO_SUCH_TRANSACTION, at=("id",))
    with context.services.feeds.transactions.watch(id) as watch:
        first = await watch.first()
        seen = None if first is None else seen_by(first, wallet_id)
        if seen is None:
            raise BadUserInput(NO_SUCH_TRANSACTION, at=("id",))
        while seen is not None:  # a transaction that the viewer can see stays visible
            yield Transaction.of(seen, wallet_id)
            seen = seen_by(await watch.next(), wallet_id)


async def _updates_of_all(
    context: Context, wallet_id: UUID, since: datetime | None
) -> AsyncGenerator[Transaction, None]:
    changes = context.services.feeds.changes
    after = await place_after(context, changes, since)
    with changes.watch(wallet_id, after) as watch:
        while True:
            seen = seen_by(await watch.next(), wallet_id)
            if seen is not None:
                yield Transaction.of(seen, wallet_id)
