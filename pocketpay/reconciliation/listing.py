"""Lists the differences between bank files and the books, oldest first, and counts the open ones."""

from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.reconciliation.difference import Difference, OpenDifferences
from pocketpay.reconciliation.repository import differences
from pocketpay.transactions.filter import BEGINNING, END, Position

MAX_COUNT = 10_000
"""A larger count is returned as None, because counting more rows takes too long."""


async def read(
    session: Session,
    is_open: bool | None,
    *,
    limit: int,
    after: Position | None = None,
    before: Position | None = None,
    backwards: bool = False,
) -> list[Difference]:
    """Returns at most `limit` differences between two positions (opening time, id); with `backwards` the last ones,
    last first. `is_open` selects open or closed differences; None selects both."""
    return await differences.page(
        session, is_open, after=after or BEGINNING, before=before or END, limit=limit, backwards=backwards
    )


async def count(session: Session, is_open: bool | None) -> int | None:
    """The number of differences, or None above MAX_COUNT."""
    return await differences.count(session, is_open, maximum=MAX_COUNT)


async def find(session: Session, id: UUID) -> Difference | None:
    """Returns the difference with this id, or None."""
    return await differences.by_id(session, id)


async def still_open(session: Session) -> OpenDifferences:
    """Returns the number of open differences, and the time of the oldest."""
    return await differences.still_open(session)
