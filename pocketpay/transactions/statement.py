"""A whole statement, line by line, however long: as its owner sees it.

Read from one snapshot through a server-side cursor, on a connection of its own: memory stays flat, no payment waits
for it, and instead of the server's timeouts LONGEST_SECONDS ends it.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pocketpay.database.failures import ServiceBusy, lost_connection
from pocketpay.database.sessions import Record, Session
from pocketpay.database.snapshots import snapshot
from pocketpay.ledger.month import Month
from pocketpay.ledger.statement import Statement, statements
from pocketpay.money import Money
from pocketpay.transactions.repository import statement as repository
from pocketpay.transactions.transaction import Type

AT_ONCE = 100
"""Lines read and told at once: some 2 ms of the event loop, then others have their turn."""


LONGEST_SECONDS = 120.0
"""Enough for a million lines at the 15,000 a second that a busy server writes, and for 100,000 over a line of 1
Mbit/s. A snapshot held without an end would keep PostgreSQL from tidying up after all payments since."""

SPARE_SECONDS = 5.0
"""After it PostgreSQL itself ends a snapshot that its user has not."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry. `amount`: + credit, − debit, fee included. `counterparty` is who or which bank is on the other side,
    None where that is the house.
    """

    at: datetime
    description: str
    counterparty: str | None
    type: Type
    amount: Money
    balance: Money
    transaction_id: UUID


class Telling:
    """One statement about to be told, in the snapshot that it is true in."""

    def __init__(self, session: Session, of: Statement) -> None:
        self._session = session
        self.of = of

    async def lines(self) -> AsyncIterator[Line]:
        """Every entry, the oldest first. Raises ServiceBusy when the database goes away."""
        of = self.of
        rows = repository.lines(
            self._session, of.wallet_id, of.opening.sequence, of.closing.sequence, at_once=AT_ONCE
        )
        with _lost_is_busy():
            async for row in rows:
                yield _line(row)


@asynccontextmanager
async def telling(dsn: str, wallet_id: UUID, month: Month) -> AsyncIterator[Telling | None]:
    """That wallet's statement as of now, or None when there is no such wallet. Raises ServiceBusy."""
    timeout = {"transaction_timeout": f"{LONGEST_SECONDS + SPARE_SECONDS:.0f}s"}
    async with snapshot(dsn, name="pocketpay statement", settings={**repository.PLANS, **timeout}) as session:
        with _lost_is_busy():
            found = await statements(session, wallet_id, [month])
        yield Telling(session, found[month]) if month in found else None


@contextmanager
def _lost_is_busy() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if lost_connection(error):
            raise ServiceBusy("the connection to the database was lost during a statement") from error
        raise


def _line(row: Record) -> Line:
    currency = row["currency"]
    return Line(
        at=row["created_at"],
        description=row["description"],
        counterparty=row["bank_name"] if row["username"] is None else f"{row['name']} ({row['username']})",
        type=Type(row["type"]),
        amount=Money(row["amount"], currency),
        balance=Money(row["balance_after"], currency),
        transaction_id=row["transaction_id"],
    )
