"""The audit on a running server: bounded, and one at a time.

findings   at most MAX_FINDINGS are returned; the command `pocketpay audit` prints all of them
time       at most SECONDS, then the audit is cancelled; `pocketpay audit` has no such limit
"""

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass

from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.findings import Finding
from pocketpay.operations import audit

MAX_FINDINGS = 100
SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class AuditResult:
    """The result of an audit. `more` means that there are further findings. `laws` is the number of laws checked."""

    findings: tuple[Finding, ...]
    more: bool
    laws: int
    seconds: float


class Audits:
    """Runs audits of the database at `dsn` for one server, one at a time."""

    def __init__(self, dsn: str, *, max_findings: int = MAX_FINDINGS, seconds: float = SECONDS) -> None:
        self._dsn, self._max_findings, self._seconds = dsn, max_findings, seconds
        self._running = False

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
            async for finding in found:
                more = len(findings) == self._max_findings
                if more:
                    break
                findings.append(finding)
        return AuditResult(tuple(findings), more, len(audit.PROOFS), time.monotonic() - began)
