"""A pump: a task that does one turn of work each time it is woken. Turns never overlap, and no error ends the task.

A call of `wake` during a turn starts another turn afterwards. While the database does not answer, the pump retries at
growing intervals. An error that a retry cannot fix is logged and passed to the callers that wait for the work; then
the pump continues.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from pocketpay.database.failures import Failure, ServiceBusy, classify, lost_connection
from pocketpay.measures import Histogram

log = structlog.get_logger(__name__)

SECONDS_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

MIN_WAIT_SECONDS = 0.05
MAX_WAIT_SECONDS = 1.0
"""The wait between two attempts while the database does not answer. It doubles each time."""


class Pump:
    """Runs `turn` each time it is woken.

    When `turn` raises, it must leave its work in place so that it can be done again. `give_up` is called with an
    error that a retry cannot fix.
    """

    def __init__(self, name: str, turn: Callable[[], Awaitable[None]], give_up: Callable[[Exception], None]) -> None:
        self.name, self._turn, self._give_up = name, turn, give_up
        self._woken = asyncio.Event()
        self._woken_at: float | None = None
        """The time of the oldest request whose work is not done yet."""
        self.seconds = Histogram(SECONDS_BOUNDS)
        """Seconds from a request to the end of the turn that did its work."""
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Requests a turn."""
        if self._woken_at is None:
            self._woken_at = time.monotonic()
        self._woken.set()

    def start(self) -> None:
        """Starts the task. Needs a running event loop."""
        self._task = asyncio.create_task(self._run(), name=self.name)

    async def close(self) -> None:
        """Stops the task, even in the middle of a turn."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        wait = MIN_WAIT_SECONDS
        while True:
            await self._woken.wait()
            self._woken.clear()
            requested_at, self._woken_at = self._woken_at, None
            try:
                await self._turn()
                wait = MIN_WAIT_SECONDS
                if requested_at is not None:
                    self.seconds.observe(time.monotonic() - requested_at)
            except Exception as error:
                if not _is_temporary(error):
                    log.exception("feed_read_failed", feed=self.name)
                    self._give_up(error)
                    continue
                log.warning("feed_read_retried", feed=self.name, error=repr(error))
                self._woken_at = requested_at
                self._woken.set()
                await asyncio.sleep(wait)
                wait = min(2 * wait, MAX_WAIT_SECONDS)


def _is_temporary(error: Exception) -> bool:
    """Whether the same read may succeed shortly."""
    if isinstance(error, ServiceBusy) or lost_connection(error):
        return True
    return classify(error) in (Failure.RETRY, Failure.LOCK_TIMEOUT, Failure.CANCELLED)
