"""Proves that the ledger is correct: checks every law on all data, in one snapshot.

It can run while servers are in use: a REPEATABLE READ, READ ONLY transaction takes no lock that a payment waits for,
and the reader's role cannot change anything. Findings are read through a server-side cursor, so any number of them
fits.
"""

import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TextIO

from pocketpay.database import grants, snapshots
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
    """Audits the database and writes the report to `out`. Returns the exit code, as `write_report` does.

    Raises the errors of `snapshot`.
    """
    return await write_report(findings(dsn), out)


async def write_report(found: AsyncIterator[Finding], out: TextIO) -> int:
    """Writes a line for each finding, then a summary. Returns the exit code: 0 when the ledger is correct, else 1."""
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
    """Yields every finding, law by law; none when the ledger is correct. Raises the errors of `snapshot`."""
    async with snapshot(dsn) as session:
        async for finding in prove(session):
            yield finding


async def prove(session: Session) -> AsyncGenerator[Finding, None]:
    """Yields the findings of every proof, in the snapshot of the session's transaction."""
    for proof in PROOFS:
        async for id, problem in session.stream(proof.sql):
            yield Finding(proof.law, id, problem)


@asynccontextmanager
async def snapshot(dsn: str) -> AsyncIterator[Session]:
    """Opens a snapshot of the whole database, with the reader's role and without the server's timeouts.

    Raises DatabaseUnavailable when the database does not answer or the connection is lost, and WrongRevision when its
    tables are of another revision or a grant is missing.
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
    """Raises WrongRevision when the tables are of another revision, or a role or a grant is missing.

    It runs first and on a connection of its own: before the first migration, the reader's role does not exist.
    """
    connection = await connect(dsn, name="pocketpay audit")
    try:
        await grants.check(Session(connection))
    finally:
        connection.terminate()
