"""A wallet's statement of one month: it proves itself, opening + entries = closing.

The month's entries are those after the opening point through the closing one. Both points are read in one statement,
and what lies between them never changes: however often and in how many pieces it is read, it adds up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pocketpay.database.sessions import Database, ReadAccess, Session
from pocketpay.ledger.month import Month
from pocketpay.ledger.point import Point, points
from pocketpay.ledger.repository import entries as repository
from pocketpay.money import Money

STRETCH = 5_000
"""Entries that one statement sums: some 30 ms, far from a reader's timeout on a busy machine too."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One month of one wallet. A month before the wallet opens and closes with zero, one to come with the balance
    now; the closing point of the running month is now.
    """

    wallet_id: UUID
    month: Month
    opening: Point
    closing: Point

    @property
    def currency(self) -> str:
        return self.opening.balance.currency

    @property
    def entries(self) -> int:
        """How many there are."""
        return self.closing.sequence - self.opening.sequence


@dataclass(frozen=True, slots=True)
class Totals:
    """Opening + money in − money out = closing. `fees` is the part of money out that the house earned."""

    money_in: Money
    money_out: Money
    fees: Money


async def statements(session: Session, wallet_id: UUID, months: Iterable[Month]) -> dict[Month, Statement]:
    """That wallet's statements of those months, all as of one moment; nothing when it is not there."""
    wanted = list(months)
    found = await points(session, wallet_id, {edge for month in wanted for edge in (month.starts, month.ends)})
    return {month: Statement(wallet_id, month, found[month.starts], found[month.ends]) for month in wanted if found}


async def totals(database: Database | ReadAccess, of: Statement) -> Totals:
    """What the statement's entries sum to. Reads each of them, and no other, in bounded stretches, each on a session
    taken for it alone: a long month keeps nobody from theirs.
    """
    sums = [0, 0, 0]
    last = of.closing.sequence
    for after in range(of.opening.sequence, last, STRETCH):
        async with database.read() as session:
            part = await repository.totals(session, of.wallet_id, after, min(after + STRETCH, last))
        sums = [one + more for one, more in zip(sums, part, strict=True)]
    return Totals(*(Money(minor, of.currency) for minor in sums))
