"""The viewer's money requests, newest first: `Query.moneyRequests`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.money_request import MoneyRequest, MoneyRequestStatus
from pocketpay.api.page_arguments import After, Before, First, Last
from pocketpay.api.pages import BY_MOMENT, Connection, Listing, asked, connection
from pocketpay.api.transaction import Direction
from pocketpay.requests import listing
from pocketpay.requests.listing import EVERYTHING, RequestFilter
from pocketpay.requests.money_request import RequestStatus


@strawberry.field(description="Money requests to the viewer and from the viewer, newest first.")
async def money_requests(
    info: Info,
    direction: Annotated[
        Direction | None,
        strawberry.argument(
            description="INCOMING: only requests to the viewer. OUTGOING: only requests from the viewer."
        ),
    ] = None,
    statuses: Annotated[
        list[MoneyRequestStatus] | None, strawberry.argument(description="Only items with one of these statuses.")
    ] = None,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[MoneyRequest]:
    wallet_id = info.context.require_viewer().wallet_id
    list_ = Listing("moneyRequests", wallet_id, BY_MOMENT)
    page = asked(list_, first, after, last, before)
    narrowed = _narrowed(direction, statuses)
    database = info.context.database
    rows = await database.query(
        listing.read,
        wallet_id,
        narrowed,
        limit=page.fetch,
        older_than=page.after,
        newer_than=page.before,
        backwards=page.backward,
    )

    async def counted() -> int | None:
        return await database.query(listing.count, wallet_id, narrowed)

    return connection(
        list_,
        page,
        rows,
        place=listing.place,
        node=lambda known: MoneyRequest.of(known, wallet_id),
        counted=counted,
    )


def _narrowed(direction: Direction | None, statuses: list[MoneyRequestStatus] | None) -> RequestFilter:
    return RequestFilter(
        incoming=direction is not Direction.OUTGOING,
        outgoing=direction is not Direction.INCOMING,
        statuses=(
            EVERYTHING.statuses if statuses is None else frozenset(RequestStatus[one.name] for one in statuses)
        ),
    )
