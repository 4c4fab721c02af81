"""The transactions of all customers that are not finished: held payments, and orders that a bank has not answered."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from pocketpay.api.context import Info
from pocketpay.api.operations.customer_transaction import CustomerTransaction
from pocketpay.api.page_arguments import After, Before, First, Last
from pocketpay.api.pages import BY_MOMENT, Connection, Listing, connection, requested_page
from pocketpay.operations import pending
from pocketpay.transactions.filter import Position
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction

NO_OWNER = UUID(int=0)
"""The owner, in cursors, of a list that does not belong to one wallet."""

HELD = Listing("held payments", NO_OWNER, BY_MOMENT)
UNSETTLED = Listing("unsettled orders", NO_OWNER, BY_MOMENT)


async def held_payments(
    info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
) -> Connection[CustomerTransaction]:
    """A page of the payments that wait for their sender's confirmation."""
    window = first, after, last, before
    return await _page(
        info, HELD, window, pending.held, Status.PENDING_CONFIRMATION, lambda held: held.expires_at or held.created_at
    )


async def unsettled_orders(
    info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
) -> Connection[CustomerTransaction]:
    """A page of the deposits and withdrawals that a bank has not answered."""
    window = first, after, last, before
    return await _page(info, UNSETTLED, window, pending.unsettled, Status.CREATED, lambda order: order.created_at)


async def _page(
    info: Info,
    listing: Listing[tuple[datetime, UUID]],
    window: tuple[int | None, str | None, int | None, str | None],
    read: Callable[..., Awaitable[list[Transaction]]],
    status: Status,
    moment: Callable[[Transaction], datetime],
) -> Connection[CustomerTransaction]:
    """A page of the transactions with this status. `moment` returns the time by which the list is ordered."""
    info.context.require_operator()
    page = requested_page(listing, *window)
    database = info.context.database
    rows = await database.query(
        read,
        limit=page.fetch,
        after=Position.of(page.after),
        before=Position.of(page.before),
        backwards=page.backward,
    )

    async def counted() -> int | None:
        return await database.query(pending.count, status)

    return connection(
        listing,
        page,
        rows,
        place=lambda one: (moment(one), one.id),
        node=CustomerTransaction.of,
        counted=counted,
    )
