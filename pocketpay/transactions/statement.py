"""A whole statement of any length, line by line, as the wallet's owner sees it.

It is read from one snapshot through a server-side cursor, on a connection of its own: memory use is constant, no
payment waits for it, and MAX_SECONDS limits it instead of the server's timeouts.
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

LINES_PER_STEP = 100
"""Lines that are read and sent in one step: about 2 ms of the event loop, then other tasks run."""


MAX_SECONDS = 120.0
"""Enough for a million lines at the 15,000 a second that a busy server writes, and for 100,000 lines over a
connection of 1 Mbit/s. An unlimited snapshot would keep VACUUM from removing the old row versions of all later
payments."""

TIMEOUT_MARGIN_SECONDS = 5.0
"""Added to the limit: after both, PostgreSQL ends the snapshot if the server has not."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry. `amount` is positive for a credit and negative for a debit, fee included. `counterparty` is the
    person or bank on the other side, None for a system account.
    """

    at: datetime
    description: str
    counterparty: str | None
    type: Type
    amount: Money
    balance: Money
    transaction_id: UUID


class StatementReader:
    """Reads one statement in the snapshot in which its balances were computed."""

    def __init__(self, session: Session, of: Statement) -> None:
        self._session = session
        self.of = of

    async def lines(self) -> AsyncIterator[Line]:
        """Yields every entry, oldest first. Raises ServiceBusy when the connection to the database is lost."""
        of = self.of
        rows = repository.lines(
            self._session, of.wallet_id, of.opening.sequence, of.closing.sequence, prefetch=LINES_PER_STEP
        )
        with _lost_is_busy():
            async for row in rows:
                yield _line(row)


@asynccontextmanager
async def open_statement(dsn: str, wallet_id: UUID, month: Month) -> AsyncIterator[StatementReader | None]:
    """Yields a reader of the wallet's statement as of now, or None when the wallet does not exist.

    Raises ServiceBusy when the connection to the database is lost.
    """
    timeout = {"transaction_timeout": f"{MAX_SECONDS + TIMEOUT_MARGIN_SECONDS:.0f}s"}
    async with snapshot(
        dsn, name="pocketpay statement", settings={**repository.PLANNER_SETTINGS, **timeout}
    ) as session:
        with _lost_is_busy():
            found = await statements(session, wallet_id, [month])
        yield StatementReader(session, found[month]) if month in found else None


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
