"""The argument `since` of a subscription, which then first sends the changes after that time (decision 38).

1. The start is 15 seconds before `since`, because `updatedAt` is set before the commit.
2. The server counts the objects that changed after the start.
   At most MAX_MISSED: the subscription starts there and sends these objects, in pages, before live changes.
   More: the subscription ends with TOO_MANY_CHANGES, and the client queries the list instead.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeAlias

import strawberry
from graphql import GraphQLError

from pocketpay.api.bad_input import BadUserInput
from pocketpay.api.context import Context
from pocketpay.updates.changes import START, Changes, Place

TOO_MANY_CHANGES = "TOO_MANY_CHANGES"

MAX_MISSED = 500
"""Maximum number of missed objects that are sent: five pages of an index read, about 40 ms in total. For more, a
query of the list is cheaper."""

LOOK_BACK = timedelta(seconds=15)
"""How far before `since` the start is. A unit of work commits at most 5 s after its `updatedAt`, and its `updatedAt`
can be 5 s ahead of the clock."""

OLDEST = datetime(1970, 1, 1, tzinfo=UTC)
"""A time before every change; an earlier `since` is replaced with it."""

Since: TypeAlias = Annotated[
    datetime | None,
    strawberry.argument(
        description="Sends the changes after this time first, oldest first. Pass the greatest `updatedAt` of the "
        "events so far, or of the list that was queried before. The server starts 15 seconds earlier, so some "
        "objects arrive again: ignore an object whose `updatedAt` is earlier than the one you have. When more than "
        f"{MAX_MISSED} objects changed, the subscription ends with TOO_MANY_CHANGES: query the list again. A time "
        "in the future is refused with BAD_USER_INPUT."
    ),
]


class TooManyChanges(GraphQLError):
    """More than MAX_MISSED objects changed after `since`."""

    def __init__(self) -> None:
        super().__init__(
            f"More than {MAX_MISSED} objects changed after `since`: query the list again.",
            extensions={"code": TOO_MANY_CHANGES},
        )


async def place_after(context: Context, changes: Changes[Any], since: datetime | None) -> Place | None:
    """The place in the viewer's changes where a subscription starts; None means now.

    Raises BadUserInput when `since` is in the future, TooManyChanges when more than MAX_MISSED objects changed.
    """
    if since is None:
        return None
    place = Place(max(since, OLDEST) - LOOK_BACK, START)
    wallet_id = context.require_viewer().wallet_id
    now, changed = await context.database.query(changes.count_since, wallet_id, place, MAX_MISSED + 1)
    if since > now + LOOK_BACK:
        raise BadUserInput("`since` is in the future: pass an `updatedAt` that this server sent.", at=("since",))
    if changed > MAX_MISSED:
        raise TooManyChanges
    return place
