"""The command `pocketpay audit`: runs an audit, prints it, and records it when the login owns the tables.

    whole         checks every law on all data
    incremental   checks the rows added since the checkpoint; all rows when no checkpoint can be used
    record        stores the run, and after a correct run its checkpoint, in the snapshot that was audited

Nothing is recorded on a standby, or with a login that may not write the record.
"""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TextIO

from pocketpay.database import snapshots
from pocketpay.database.errors import DatabaseUnavailable, unreachable
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.findings import Finding
from pocketpay.database.sessions import Session, connect
from pocketpay.operations import audit, checkpoint
from pocketpay.operations.checkpoint import Checkpoint
from pocketpay.operations.repository import audit_runs, checkpoints
from pocketpay.operations.repository.audit_runs import AuditKind
from pocketpay.reconciliation import listing as reconciliation
from pocketpay.reconciliation.difference import OpenDifferences

SAMPLE = 100
"""The most findings that a recorded run contains. The command prints all of them."""


@dataclass(slots=True)
class _Tally:
    """The number of findings, and the first ones. `on_finding` is called with each."""

    on_finding: Callable[[Finding], None]
    count: int = 0
    sample: list[Finding] = field(default_factory=list)

    async def of(self, found: AsyncIterator[Finding]) -> AsyncIterator[Finding]:
        """Yields the findings, and counts them."""
        async for finding in found:
            self.count += 1
            if len(self.sample) < SAMPLE:
                self.sample.append(finding)
            self.on_finding(finding)
            yield finding


async def run(
    server_dsn: str,
    owner_dsn: str,
    *,
    incremental: bool = False,
    standby: bool = False,
    out: TextIO = sys.stdout,
    err: TextIO = sys.stderr,
    after_law: Callable[[], None] = lambda: None,
    on_finding: Callable[[Finding], None] = lambda _: None,
    on_open: Callable[[OpenDifferences], None] = lambda _: None,
) -> int:
    """Audits, prints the findings and a summary, and records the run. Returns 0 when the ledger is correct, else 1.

    `after_law` is called after each law, `on_finding` with each finding, and `on_open` with the open differences
    between the files of banks and the books. Such differences are not errors of the ledger.

    Raises the errors of `audit.snapshot`, and DatabaseUnavailable when another audit is being recorded.
    """
    async with _recorder(owner_dsn, standby=standby) as owner, audit.snapshot(server_dsn, standby=standby) as session:
        began_at = await session.fetchval("select now()")
        used = await _usable(session, err) if incremental else None
        still_open = await reconciliation.still_open(session)
        on_open(still_open)
        if still_open.count:
            out.write(f"{_open_differences(still_open)}\n")
        tally = _Tally(on_finding)
        found = audit.prove(session, used, after_law=after_law)
        code = await audit.write_report(tally.of(found), out, used)
        if owner is not None:
            async with snapshots.same_snapshot(owner, session):
                run_id = await audit_runs.add(
                    owner,
                    AuditKind.WHOLE if used is None else AuditKind.INCREMENTAL,
                    findings=tally.count,
                    sample=tally.sample,
                    laws=len(audit.PROOFS),
                    began_at=began_at,
                    whole_at=began_at if used is None else used.whole_at,
                )
                if not tally.count:
                    await checkpoints.write(owner, run_id, checkpoint.definitions(audit.PROOFS))
        elif incremental:
            err.write("The audit was not recorded. To record it, run it on the primary with DATABASE_OWNER_URL.\n")
    return code


def _open_differences(still_open: OpenDifferences) -> str:
    several, days = still_open.count != 1, int(still_open.oldest_seconds // 86_400)
    return (
        f"{still_open.count} difference{'s' if several else ''} with the bank {'are' if several else 'is'} open, "
        f"the oldest since {still_open.oldest:%Y-%m-%d %H:%M:%S} UTC ({days} day{'' if days == 1 else 's'})."
    )


async def _usable(session: Session, err: TextIO) -> Checkpoint | None:
    """Returns the checkpoint. Returns None when it cannot be used, after printing why a whole audit runs."""
    stored = await checkpoint.read(session, audit.PROOFS)
    if isinstance(stored, Checkpoint):
        return stored
    err.write(f"{stored} A whole audit runs.\n")
    return None


@asynccontextmanager
async def _recorder(owner_dsn: str, *, standby: bool) -> AsyncIterator[Session | None]:
    """Provides a session that may write the record, or None."""
    if standby:
        yield None
        return
    try:
        connection = await connect(
            owner_dsn, name="pocketpay audit record", settings=snapshots.NO_TIMEOUTS, command_seconds=None
        )
    except ServiceBusy as busy:
        raise unreachable(busy) from busy
    try:
        session = Session(connection)
        if not await checkpoints.may_write(session):
            yield None
            return
        if not await checkpoints.take_turn(session):
            raise DatabaseUnavailable("Another audit is being recorded. Run this audit when the other one has ended.")
        yield session
    finally:
        connection.terminate()
