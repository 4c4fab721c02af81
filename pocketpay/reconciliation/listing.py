"""The differences between the bank's files and the books, oldest first, and what is open."""

from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.reconciliation.difference import Difference, OpenDifferences
from pocketpay.reconciliation.repository import differences
from pocketpay.transactions.filter import BEGINNING, END, Position

MAX_COUNT = 10_000
"""A larger count is returned as None: the exact number is not worth its cost."""


async def read(
    session: Session,
    is_open: bool | None,
    *,
    limit: int,
    after: Position | None = None,
    before: Position | None = None,
    backwards: bool = False,
) -> list[Difference]:
    """Returns at most `limit` differences between two positions (opening time, id), or when `backwards` the last ones
    first. `is_open` selects the open or the closed ones; None both."""
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
    """Returns how many differences are open, and since when."""
    return await differences.still_open(session)
