"""Values of the metrics that need the database. They are read at most once in FRESH_SECONDS.

A read has six short statements, none of which reads history. While the database does not answer, the request for the
metrics is still answered, after at most READ_SECONDS: `up` is then False, and the other values are absent.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from pocketpay.database import clocks, connection_count
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Database, Session
from pocketpay.operations.repository import audit_runs
from pocketpay.reconciliation import listing
from pocketpay.reconciliation.difference import OpenDifferences
from pocketpay.transactions.repository.unfinished import Unfinished, unfinished

FRESH_SECONDS = 10.0
"""How long the values of a read are reported. Prometheus usually asks every 15 seconds, and always gets new ones."""

READ_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class LastAudit:
    """The last recorded audit: the number of its findings, when it ended, and when the last whole audit began (this
    one, or the one that it continues). Times are in seconds since 1970."""

    findings: int
    finished_at: float
    whole_at: float


@dataclass(frozen=True, slots=True)
class Reading:
    """The values of one read: the connections to the database server, how many this login may have, how far this
    machine's clock is ahead of the database's, the unfinished payments, the last recorded audit, and the open
    differences with the bank."""

    connections: int
    max_connections: int
    clock_ahead_seconds: float
    unfinished: Unfinished
    audit: LastAudit | None
    differences: OpenDifferences


class Figures:
    """The newest reading of one process; None before the first one, and while the database does not answer."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._clock = database, clock
        self.reading: Reading | None = None
        self._read_at: float | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def up(self) -> bool | None:
        """Whether the database answered the last read; None before the first one."""
        return None if self._read_at is None else self.reading is not None

    async def refresh(self) -> None:
        """Reads again when the last read is older than FRESH_SECONDS. Requests at the same time share one read."""
        if self._read_at is not None and self._clock() - self._read_at < FRESH_SECONDS:
            return
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._read(), name="figures for the metrics")
        await asyncio.shield(self._task)

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(READ_SECONDS), self._database.read() as session:
                self.reading = await _reading(session)
        except (ServiceBusy, TimeoutError):
            self.reading = None
        self._read_at = self._clock()


async def _reading(session: Session) -> Reading:
    ahead = await clocks.seconds_ahead(session)
    used, allowed = await connection_count.used(session)
    audited, differences = await _last_audit(session), await listing.still_open(session)
    return Reading(used, allowed, ahead, await unfinished(session), audited, differences)


async def _last_audit(session: Session) -> LastAudit | None:
    run = await audit_runs.last(session)
    return None if run is None else LastAudit(run.findings, run.finished_at.timestamp(), run.whole_at.timestamp())
