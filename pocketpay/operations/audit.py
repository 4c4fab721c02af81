"""Are the books right? Every law, asked of everything there is, in one snapshot.

Runs beside live traffic: REPEATABLE READ and READ ONLY take no lock that a payment waits for, and the reader's role
could not change anything if it wanted to. Answers stream through a server-side cursor, however many there are.
"""

import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TextIO

from pocketpay.database import revisions, snapshots
from pocketpay.database.errors import DatabaseUnavailable, unreachable
from pocketpay.database.failures import ServiceBusy, lost_connection
from pocketpay.database.findings import Finding, Proof
from pocketpay.database.sessions import Session, connect
from pocketpay.ledger import audit as ledger
from pocketpay.operations import guards, stamps
from pocketpay.operator_log import audit as operator_log
from pocketpay.transactions import audit as transactions

PROOFS: tuple[Proof, ...] = (
    *(*ledger.PROOFS, *transactions.PROOFS, *stamps.PROOFS, *guards.PROOFS, *operator_log.PROOFS),
)


async def report(dsn: str, out: TextIO = sys.stdout) -> int:
    """Proves the books of that database; writes and gives what `tell` does. Raises what `snapshot` does."""
    return await tell(findings(dsn), out)


async def tell(found: AsyncIterator[Finding], out: TextIO) -> int:
    """Writes each finding as a line and their sum; gives the exit code: 0 when the books are right, else 1."""
    count = 0
    async for finding in found:
        count += 1
        out.write(f"{finding.law}: {finding.id}: {finding.problem}\n")
    if count:
        out.write(f"The ledger has errors: {count} finding{'s' if count > 1 else ''}.\n")
        return 1
    out.write(f"The ledger is correct: all {len(PROOFS)} laws hold.\n")
    return 0


async def findings(dsn: str) -> AsyncIterator[Finding]:
    """Everything that breaks a law, law by law; nothing when the books are right. Raises what `snapshot` does."""
    async with snapshot(dsn) as session:
        async for finding in prove(session):
            yield finding


async def prove(session: Session) -> AsyncGenerator[Finding, None]:
    """Asks every proof of what the session's unit of work sees."""
    for proof in PROOFS:
        async for id, problem in session.stream(proof.sql):
            yield Finding(proof.law, id, problem)


@asynccontextmanager
async def snapshot(dsn: str) -> AsyncIterator[Session]:
    """One moment of the whole database, read with the reader's role and without the server's timeouts.

    Raises DatabaseUnavailable when it is away or goes away, WrongRevision when its tables are not those we know.
    """
    try:
        await _check_tables(dsn)
        async with snapshots.snapshot(dsn, name="pocketpay audit") as session:
            yield session
    except ServiceBusy as busy:
        raise unreachable(busy) from busy
    except Exception as error:
        if lost_connection(error):
            raise DatabaseUnavailable(
                "The connection to the database was lost during the audit. Run it again."
            ) from error
        raise


async def _check_tables(dsn: str) -> None:
    """First and by itself: where nobody has migrated, the reader's role is not there either."""
    connection = await connect(dsn, name="pocketpay audit")
    try:
        await revisions.check(Session(connection))
    finally:
        connection.terminate()
