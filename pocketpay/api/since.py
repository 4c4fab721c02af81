"""The argument `since` of a subscription: what changed after that moment comes first (decision 38).

since ─► 15 s back, since a change is stamped before its commit ─► how much changed after it?
                          at most MOST_MISSED: the watch begins there, and pages of it come before anything live
                          more: TOO_MANY_CHANGES, and the client queries the list instead
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeAlias

import strawberry
from graphql import GraphQLError

from pocketpay.api.bad_input import BadUserInput
from pocketpay.api.context import Context
from pocketpay.updates.changes import START, Changes, Place

TOO_MANY_CHANGES = "TOO_MANY_CHANGES"

MOST_MISSED = 500
"""Objects that are sent again: five pages of a read by index, some 40 ms in all. Beyond, a list is cheaper."""

LOOK_BACK = timedelta(seconds=15)
"""A unit of work lasts at most 5 s from its stamp to its commit, and its stamp may be 5 s ahead of the clock."""

OLDEST = datetime(1970, 1, 1, tzinfo=UTC)
"""Before anything here; an earlier moment means the same."""

Since: TypeAlias = Annotated[
    datetime | None,
    strawberry.argument(
        description="Sends the changes after this time first, oldest first. Pass the greatest `updatedAt` of the "
        "events so far, or of the list that was queried before. The server starts 15 seconds earlier, so some "
        "objects arrive again: ignore one with an earlier `updatedAt` than yours. When more than "
        f"{MOST_MISSED} objects changed, the subscription ends with TOO_MANY_CHANGES: query the list again. A time "
        "in the future is refused with BAD_USER_INPUT."
    ),
]


class TooManyChanges(GraphQLError):
    """More changed than is sent again."""

    def __init__(self) -> None:
        super().__init__(
            f"More than {MOST_MISSED} objects changed after `since`: query the list again.",
            extensions={"code": TOO_MANY_CHANGES},
        )


async def place_after(context: Context, changes: Changes[Any], since: datetime | None) -> Place | None:
    """Where the viewer's watch begins; None is now. Raises BadUserInput or TooManyChanges."""
    if since is None:
        return None
    place = Place(max(since, OLDEST) - LOOK_BACK, START)
    wallet_id = context.require_viewer().wallet_id
    now, changed = await context.database.query(changes.count_since, wallet_id, place, MOST_MISSED + 1)
    if since > now + LOOK_BACK:
        raise BadUserInput("`since` is in the future: pass an `updatedAt` that this server sent.", at=("since",))
    if changed > MOST_MISSED:
        raise TooManyChanges
    return place
