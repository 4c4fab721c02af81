"""Work that is done after the answer, so that the time of the answer tells nothing about it.

One piece at a time: whatever strangers ask for, it takes one of the few connections for writing.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from pocketpay.database.failures import ServiceBusy

MOST_WAITING = 256
"""Pieces that wait; each takes a few milliseconds."""

FINISH_SECONDS = 1.0
"""What waits when the server stops may take so long."""

log = structlog.get_logger(__name__)


class Afterwards:
    """Does what it is given, in order. What fails is logged, and nobody is told."""

    def __init__(self, *, most_waiting: int = MOST_WAITING) -> None:
        self._most_waiting = most_waiting
        self._one_at_a_time = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def do(self, work: Callable[[], Awaitable[None]]) -> None:
        """Does that later. Raises ServiceBusy when too much waits."""
        if len(self._tasks) >= self._most_waiting:
            raise ServiceBusy("too much is to be done afterwards")
        task = asyncio.create_task(self._do(work), name="work after an answer")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Waits until all of it is done."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Lets it finish for a moment, and cuts off what is left."""
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
                log.warning("not_done_afterwards", reason=str(busy))
            except Exception:
                log.exception("failed_afterwards")
