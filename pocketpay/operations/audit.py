"""Proves that the ledger is correct: checks every law in one snapshot, on all data or on the data since a checkpoint.

It can run while servers are in use, and on a hot standby: a REPEATABLE READ, READ ONLY transaction takes no lock that
a payment waits for, and the reader's role cannot change anything. Findings are read through a server-side cursor, so
any number of them fits. `recorded_audit.py` records the result and the checkpoint.
"""

import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TextIO

from pocketpay.bank_accounts import audit as bank_accounts
from pocketpay.database import grants, snapshots
from pocketpay.database.errors import DatabaseUnavailable, unreachable
from pocketpay.database.failures import ServiceBusy, lost_connection
from pocketpay.database.findings import Finding, Proof
from pocketpay.database.sessions import Session, connect
from pocketpay.ledger import audit as ledger
from pocketpay.operations import guards, stamps
from pocketpay.operations.checkpoint import Checkpoint
from pocketpay.operator_log import audit as operator_log
from pocketpay.reconciliation import audit as reconciliation
from pocketpay.transactions import audit as transactions

PROOFS: tuple[Proof, ...] = (
    *(*ledger.PROOFS, *transactions.PROOFS, *stamps.PROOFS, *guards.PROOFS, *operator_log.PROOFS),
    *reconciliation.PROOFS,
    *bank_accounts.PROOFS,
)

WORK_MEMORY = {"work_mem": "64MB"}
"""PostgreSQL's memory for one hash table or sort of an audit. Larger ones go to temporary files, which PostgreSQL
would write and read several times with its default of 4 MB."""

STANDBY_CANCELLED = (
    "The standby cancelled the audit, because it had to replay changes. Set hot_standby_feedback = on or a longer "
    "max_standby_streaming_delay on the standby, and run the audit again."
)


async def report(dsn: str, out: TextIO = sys.stdout) -> int:
    """Audits the database and writes the report to `out`. Returns the exit code, as `write_report` does.

    Raises the errors of `snapshot`.
    """
    return await write_report(findings(dsn), out)


async def write_report(found: AsyncIterator[Finding], out: TextIO, checkpoint: Checkpoint | None = None) -> int:
    """Writes a line for each finding, then a summary. Returns the exit code: 0 when the ledger is correct, else 1."""
    count = 0
    async for finding in found:
        count += 1
        out.write(f"{finding.law}: {finding.id}: {finding.problem}\n")
    if count:
        out.write(f"The ledger has errors: {count} finding{'s' if count > 1 else ''}.\n")
        return 1
    if checkpoint is None:
        out.write(f"The ledger is correct: all {len(PROOFS)} laws hold.\n")
    else:
        out.write(
            f"The rows added since {checkpoint.at:%Y-%m-%d %H:%M:%S} UTC are correct: all {len(PROOFS)} laws hold, "
            f"{len(checkpoint.laws)} of them checked on added rows only. The last whole audit began at "
            f"{checkpoint.whole_at:%Y-%m-%d %H:%M:%S} UTC.\n"
        )
    return 0


async def findings(dsn: str) -> AsyncIterator[Finding]:
    """Yields every finding, law by law; none when the ledger is correct. Raises the errors of `snapshot`."""
    async with snapshot(dsn) as session:
        async for finding in prove(session):
            yield finding


async def prove(
    session: Session, checkpoint: Checkpoint | None = None, *, after_law: Callable[[], None] = lambda: None
) -> AsyncGenerator[Finding, None]:
    """Yields the findings of every proof, in the snapshot of the session's transaction. With a checkpoint, the laws
    that it covers are checked only for the rows added since. `after_law` is called after each law."""
    for proof in PROOFS:
        sql, parameters = (proof.sql, ()) if checkpoint is None else checkpoint.query_of(proof)
        async for id, problem in session.stream(sql, *parameters):
            yield Finding(proof.law, id, problem)
        after_law()


@asynccontextmanager
async def snapshot(dsn: str, *, standby: bool = False) -> AsyncIterator[Session]:
    """Opens a snapshot of the whole database, with the reader's role and without the server's timeouts. With
    `standby` it opens one of a hot standby.

    Raises DatabaseUnavailable when the database does not answer or the connection is lost, and WrongRevision when its
    tables are of another revision or a grant is missing.
    """
    try:
        await _check_tables(dsn, standby=standby)
        async with snapshots.snapshot(dsn, name="pocketpay audit", settings=WORK_MEMORY, standby=standby) as session:
            yield session
    except ServiceBusy as busy:
        raise unreachable(busy) from busy
    except Exception as error:
        if standby and "conflict with recovery" in str(error):
            raise DatabaseUnavailable(STANDBY_CANCELLED) from error
        if lost_connection(error):
            raise DatabaseUnavailable(
                "The connection to the database was lost during the audit. Run it again."
            ) from error
        raise


async def _check_tables(dsn: str, *, standby: bool) -> None:
    """Raises WrongRevision when the tables are of another revision, or a role or a grant is missing.

    It runs first and on a separate connection, because the reader's role does not exist before the first migration.
    """
    connection = await connect(dsn, name="pocketpay audit", standby=standby)
    try:
        await grants.check(Session(connection))
    finally:
        connection.terminate()
