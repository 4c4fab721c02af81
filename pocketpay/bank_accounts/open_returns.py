"""The returns of which a part is not in the books yet, of any owner, oldest first, for operators."""

from datetime import UTC, datetime
from uuid import UUID

from pocketpay.bank_accounts.bank_return import OpenReturn
from pocketpay.bank_accounts.repository import returns
from pocketpay.database.sessions import Session

MAX_COUNT = 10_000
"""A larger count is returned as None: the exact number is not worth its cost."""

Place = tuple[datetime, UUID]

BEGINNING: Place = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))
END: Place = (datetime(9999, 12, 31, tzinfo=UTC), UUID(int=0))


async def read(
    session: Session,
    *,
    limit: int,
    after: Place | None = None,
    before: Place | None = None,
    backwards: bool = False,
) -> list[OpenReturn]:
    """Returns at most `limit` open returns between two places (the time at which Pocket Pay learned of the return,
    and the transaction's id), first to last; with `backwards`, last to first."""
    return await returns.page(
        session, after=after or BEGINNING, before=before or END, limit=limit, backwards=backwards
    )


async def count(session: Session) -> int | None:
    """The number of open returns, or None above MAX_COUNT."""
    return await returns.count(session, maximum=MAX_COUNT)
