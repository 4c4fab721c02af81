"""Runs work after the answer was sent, so that the time of the answer reveals nothing about the work.

The work runs one piece at a time, so that requests by strangers use only one of the few write connections.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from pocketpay.database.failures import ServiceBusy

MAX_WAITING = 256
"""How many pieces of work may wait. Each takes a few milliseconds."""

FINISH_SECONDS = 1.0
"""How long the waiting work may take when the server stops."""

log = structlog.get_logger(__name__)


class Afterwards:
    """Runs pieces of work in order. A failure is logged and not reported to the client."""

    def __init__(self, *, max_waiting: int = MAX_WAITING) -> None:
        self._max_waiting = max_waiting
        self._one_at_a_time = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def do(self, work: Callable[[], Awaitable[None]]) -> None:
        """Schedules a piece of work. Raises ServiceBusy when too many pieces wait."""
        if len(self._tasks) >= self._max_waiting:
            raise ServiceBusy("too much background work is waiting")
        task = asyncio.create_task(self._do(work), name="work after an answer")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Waits until all work is done."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Waits up to FINISH_SECONDS for the work to finish, then cancels the rest."""
        if not self._tasks:
            return
        await asyncio.wait(self._tasks, timeout=FINISH_SECONDS)
        left = set(self._tasks)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    async def _do(self, work: Callable[[], Awaitable[None]]) -> None:
        async with self._one_at_a_time:
            try:
                await work()
            except ServiceBusy as busy:
                log.warning("background_work_skipped", reason=str(busy))
            except Exception:
                log.exception("background_work_failed")
