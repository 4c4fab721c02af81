"""Unfinished transactions of any owner.

held        payments that wait for their sender's confirmation, ordered by expiry
unsettled   deposits and withdrawals that a bank has not answered, oldest first
"""

from pocketpay.database.sessions import Session
from pocketpay.transactions.filter import BEGINNING, END, Position
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.repository import waiting
from pocketpay.transactions.transaction import Transaction

MAX_COUNT = 10_000
"""A larger count is returned as None: the exact number is not worth its cost."""


async def held(
    session: Session,
    *,
    limit: int,
    after: Position | None = None,
    before: Position | None = None,
    backwards: bool = False,
) -> list[Transaction]:
    """Returns at most `limit` held payments between two positions (expiry time, id), first to last; with `backwards`,
    last to first."""
    return await waiting.held(
        session, after=after or BEGINNING, before=before or END, limit=limit, backwards=backwards
    )


async def unsettled(
    session: Session,
    *,
    limit: int,
    after: Position | None = None,
    before: Position | None = None,
    backwards: bool = False,
) -> list[Transaction]:
    """Returns at most `limit` orders between two positions (creation time, id), or when `backwards` the last ones
    first."""
    return await waiting.unsettled(
        session, after=after or BEGINNING, before=before or END, limit=limit, backwards=backwards
    )


async def count(session: Session, status: Status) -> int | None:
    """The number of transactions with the status, or None above MAX_COUNT."""
    return await waiting.count(session, status, maximum=MAX_COUNT)


async def pending(session: Session, limit: int) -> list[Transaction]:
    """Returns at most `limit` transactions: held payments first, then orders."""
    first = await held(session, limit=limit)
    return [*first, *await unsettled(session, limit=limit - len(first))]
