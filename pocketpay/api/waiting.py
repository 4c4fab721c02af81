"""What waits, whosever it is: held payments, and orders that a bank has not answered."""

from typing import Annotated, TypeAlias
from uuid import UUID

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.customer_transaction import CustomerTransaction
from pocketpay.api.pages import BY_MOMENT, MOST_COUNTED, Connection, Listing, asked, connection
from pocketpay.payments.filter import Position
from pocketpay.payments.history import BEGINNING, END
from pocketpay.payments.lifecycle import Status
from pocketpay.payments.repository import waiting

EVERYBODY = UUID(int=0)
"""Whose a list is that is nobody's in particular."""

First: TypeAlias = Annotated[
    int | None, strawberry.argument(description="So many from the start on, at most 100; without any number 20.")
]
After: TypeAlias = Annotated[str | None, strawberry.argument(description="Only what follows this cursor.")]
Last: TypeAlias = Annotated[int | None, strawberry.argument(description="So many from the end on, at most 100.")]
Before: TypeAlias = Annotated[str | None, strawberry.argument(description="Only what precedes this cursor.")]


async def held_payments(
    info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
) -> Connection[CustomerTransaction]:
    """A page of the payments that await their sender's answer."""
    info.context.must_operate()
    listing = Listing("held payments", EVERYBODY, BY_MOMENT)
    page = asked(listing, first, after, last, before)
    async with info.context.rooms.database.read() as session:
        rows = await waiting.held(
            session,
            after=BEGINNING if page.after is None else Position(*page.after),
            before=END if page.before is None else Position(*page.before),
            limit=page.fetch,
            backwards=page.backward,
        )

    async def counted() -> int | None:
        async with info.context.rooms.database.read() as session:
            return await waiting.count(session, Status.PENDING_CONFIRMATION, most=MOST_COUNTED)

    return connection(
        listing,
        page,
        rows,
        place=lambda held: (held.expires_at or held.created_at, held.id),
        node=CustomerTransaction.of,
        counted=counted,
    )


async def unsettled_orders(
    info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
) -> Connection[CustomerTransaction]:
    """A page of the orders that a bank has not answered."""
    info.context.must_operate()
    listing = Listing("unsettled orders", EVERYBODY, BY_MOMENT)
    page = asked(listing, first, after, last, before)
    async with info.context.rooms.database.read() as session:
        rows = await waiting.unsettled(
            session,
            after=BEGINNING if page.after is None else Position(*page.after),
            before=END if page.before is None else Position(*page.before),
            limit=page.fetch,
            backwards=page.backward,
        )

    async def counted() -> int | None:
        async with info.context.rooms.database.read() as session:
            return await waiting.count(session, Status.CREATED, most=MOST_COUNTED)

    return connection(
        listing,
        page,
        rows,
        place=lambda order: (order.created_at, order.id),
        node=CustomerTransaction.of,
        counted=counted,
    )
