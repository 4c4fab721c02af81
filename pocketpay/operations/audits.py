"""The audit that a server reports: run now, bounded and one at a time, or the last recorded one.

small books   entries of at most LIVE_BYTES: an audit runs now
large books   the last audit that `pocketpay audit` recorded; an audit runs now only while none is recorded
findings      at most MAX_FINDINGS are returned; the command `pocketpay audit` prints all of them
time          at most SECONDS, then the audit is cancelled; `pocketpay audit` has no such limit
"""

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.findings import Finding
from pocketpay.database.sessions import Database
from pocketpay.operations import audit
from pocketpay.operations.repository import audit_runs
from pocketpay.operations.repository.audit_runs import AuditKind, AuditRun

MAX_FINDINGS = 100
SECONDS = 30.0

LIVE_BYTES = 64_000_000
"""The largest table of entries that is audited when a client asks: about 500,000 entries, a few seconds. An audit of
2,000,000 entries can take longer than SECONDS."""


@dataclass(frozen=True, slots=True)
class AuditResult:
    """The result of an audit. `more` means that there are further findings. `laws` is the number of laws checked.

    `recorded` is the kind of a recorded audit, None for an audit that ran now. `login` is the database login that ran
    it. `whole_at` is when the last whole audit began: this audit, or the one that it continues.
    """

    findings: tuple[Finding, ...]
    more: bool
    laws: int
    seconds: float
    finished_at: datetime
    whole_at: datetime
    recorded: AuditKind | None = None
    login: str | None = None

    @classmethod
    def of(cls, run: AuditRun) -> Self:
        """Returns the result of a recorded audit."""
        return cls(
            run.sample,
            run.findings > len(run.sample),
            run.laws,
            run.seconds,
            run.finished_at,
            run.whole_at,
            run.kind,
            run.login,
        )


class Audits:
    """Runs audits of the database at `dsn` for one server, one at a time."""

    def __init__(
        self,
        dsn: str,
        *,
        max_findings: int = MAX_FINDINGS,
        seconds: float = SECONDS,
        live_bytes: int = LIVE_BYTES,
    ) -> None:
        self._dsn, self._max_findings, self._seconds, self._live_bytes = dsn, max_findings, seconds, live_bytes
        self._running = False

    async def report(self, database: Database) -> AuditResult:
        """Returns the last recorded audit of large books, or runs one now. Raises the errors of `run`."""
        async with database.read() as session:
            large = await audit_runs.size_of_entries(session) > self._live_bytes
            run = await audit_runs.last(session) if large else None
        return await self.run() if run is None else AuditResult.of(run)

    async def run(self) -> AuditResult:
        """Runs an audit. Raises ServiceBusy when another one runs on this server, when it takes too long, and when
        the database does not answer."""
        if self._running:
            raise ServiceBusy("an audit is running")
        self._running = True
        try:
            async with asyncio.timeout(self._seconds):
                return await self._run()
        except TimeoutError:
            raise ServiceBusy("the audit took too long") from None
        except DatabaseUnavailable as away:
            raise ServiceBusy("the database does not answer") from away
        finally:
            self._running = False

    async def _run(self) -> AuditResult:
        began, findings, more = time.monotonic(), list[Finding](), False
        async with audit.snapshot(self._dsn) as session, aclosing(audit.prove(session)) as found:
            # After our timeout PostgreSQL would go on with the query for some time. This ends it.
            await session.execute(f"set local statement_timeout = {int(self._seconds * 1000)}")
            began_at = await session.fetchval("select now()")
            async for finding in found:
                more = len(findings) == self._max_findings
                if more:
                    break
                findings.append(finding)
            finished_at = await session.fetchval("select greatest(clock_timestamp(), now())")
        seconds = time.monotonic() - began
        return AuditResult(tuple(findings), more, len(audit.PROOFS), seconds, finished_at, began_at)
