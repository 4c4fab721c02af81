"""What waits, of any owner: held payments, and orders that a bank has not answered.

held        payments that await their sender's answer, the first to expire first
unsettled   deposits and withdrawals that a bank has not answered, the oldest first
"""

from pocketpay.database.sessions import Session
from pocketpay.transactions.filter import Position
from pocketpay.transactions.history import BEGINNING, END
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.repository import waiting
from pocketpay.transactions.transaction import Transaction

COUNTED = 10_000
"""A count above it is not given: it would cost more than it tells."""


async def held(
    session: Session,
    *,
    most: int,
    after: Position | None = None,
    before: Position | None = None,
    backwards: bool = False,
) -> list[Transaction]:
    """At most `most` held payments between two positions (when it expires, its id), or `backwards` from the end."""
    return await waiting.held(
        session, after=after or BEGINNING, before=before or END, limit=most, backwards=backwards
    )


async def unsettled(
    session: Session,
    *,
    most: int,
    after: Position | None = None,
    before: Position | None = None,
    backwards: bool = False,
) -> list[Transaction]:
    """At most `most` orders between two positions (when it was made, its id), or `backwards` from the end."""
    return await waiting.unsettled(
        session, after=after or BEGINNING, before=before or END, limit=most, backwards=backwards
    )


async def count(session: Session, status: Status) -> int | None:
    """How many transactions are in that status, or None when they are more than COUNTED."""
    return await waiting.count(session, status, most=COUNTED)


async def pending(session: Session, most: int) -> list[Transaction]:
    """At most that many: held payments first, then orders."""
    first = await held(session, most=most)
    return [*first, *await unsettled(session, most=most - len(first))]
