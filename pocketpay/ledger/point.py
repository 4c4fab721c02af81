"""A wallet's balance at a moment: how far its entries had come by then.

Entries are never rewritten, and a wallet's next one is never earlier than its last. So what a past moment gives never
changes (but for a payment under way at that very moment, which is stamped before it is committed), and the entries
between two points are a range of sequences that stays what it is while others write.

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
    """After `sequence` entries (0 before the first) the wallet's balance is `balance`."""

    sequence: int
    balance: Money


async def points(session: Session, wallet_id: UUID, moments: Iterable[datetime]) -> dict[datetime, Point]:
    """Where that wallet stands just before each moment, before its first entry at zero; nothing for one that is not
    there. One read for all. Raises BooksDisagree when its chain has a gap.
    """
    wanted = list(moments)
    rows = await repository.points(session, wallet_id, wanted)
    # By their order: a first or last moment of all time comes back from the driver as another.
    return {moment: _point(wallet_id, row) for moment, row in zip(wanted, rows, strict=bool(rows))}


def _point(wallet_id: UUID, row: Record) -> Point:
    if row["sequence"] is None:
        raise BooksDisagree(f"an entry of account {wallet_id} is missing")
    return Point(row["sequence"], Money(row["balance"], row["currency"]))


def just_after(moment: datetime) -> datetime:
    """The next moment there is: what is before it is at the moment or before."""
    return moment if moment == END_OF_TIME else moment + datetime.resolution
