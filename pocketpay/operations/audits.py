"""The audit on a running server: bounded, and one at a time.

findings   the first MOST_TOLD; whoever meets more has enough to begin with, and `pocketpay audit` tells all
time       SECONDS, then it is given up: the books are too large for an answer, and the verb has no such limit
"""

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass

from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.findings import Finding
from pocketpay.operations import audit

MOST_TOLD = 100
SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit found. With `more` there is something beyond the findings told."""

    findings: tuple[Finding, ...]
    more: bool
    laws: int
    seconds: float


class Audits:
    """One server's audits of the database at that address."""

    def __init__(self, dsn: str, *, most_told: int = MOST_TOLD, seconds: float = SECONDS) -> None:
        self._dsn, self._most_told, self._seconds = dsn, most_told, seconds
        self._running = False

    async def run(self) -> Audited:
        """Proves the books. Raises ServiceBusy while another one runs here, and when it takes too long."""
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

    async def _run(self) -> Audited:
        began, findings, more = time.monotonic(), list[Finding](), False
        async with audit.snapshot(self._dsn) as session, aclosing(audit.prove(session)) as found:
            # Whoever gives up is gone before PostgreSQL notices: it should not work on for nobody.
            await session.execute(f"set local statement_timeout = {int(self._seconds * 1000)}")
            async for finding in found:
                more = len(findings) == self._most_told
                if more:
                    break
                findings.append(finding)
        return Audited(tuple(findings), more, len(audit.PROOFS), time.monotonic() - began)
