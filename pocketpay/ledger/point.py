"""A wallet's balance at a moment, with the sequence of its last entry before that moment.

Entries are never rewritten, and the next entry of a wallet is never earlier than the last one. So the point of a past
moment does not change, and the entries between two points are a fixed range of sequences. The one exception is a
payment in progress at that moment: it gets its time before it is committed.

Decision 12 gives the reasons.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from pocketpay.database.sessions import Record, Session
from pocketpay.errors import BooksDisagree
from pocketpay.ledger.repository import entries as repository
from pocketpay.money import Money

END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Point:
    """The balance of a wallet after its first `sequence` entries; `sequence` is 0 before the first entry."""

    sequence: int
    balance: Money


async def points(session: Session, wallet_id: UUID, moments: Iterable[datetime]) -> dict[datetime, Point]:
    """Returns the wallet's point just before each moment, with one read. Before the first entry the balance is zero.

    Empty if the wallet does not exist. Raises BooksDisagree when an entry is missing.
    """
    wanted = list(moments)
    rows = await repository.points(session, wallet_id, wanted)
    # Matched by position: the driver changes the values of datetime.min and datetime.max.
    return {moment: _point(wallet_id, row) for moment, row in zip(wanted, rows, strict=bool(rows))}


def _point(wallet_id: UUID, row: Record) -> Point:
    if row["sequence"] is None:
        raise BooksDisagree(f"an entry of account {wallet_id} is missing")
    return Point(row["sequence"], Money(row["balance"], row["currency"]))


def just_after(moment: datetime) -> datetime:
    """Returns the next representable moment. "Before it" is the same as "at `moment` or earlier"."""
    return moment if moment == END_OF_TIME else moment + datetime.resolution
