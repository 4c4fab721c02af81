"""A pump: does one turn of work whenever it is woken, never two at once, and outlives what goes wrong in it.

What wakes it during a turn is the next turn. While the database is away it tries again, less and less often; an error
that no retry mends is told to whoever waits for the work, loudly, and the pump goes on.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from pocketpay.database.failures import Failure, ServiceBusy, classify, lost_connection

log = structlog.get_logger(__name__)

SHORTEST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 1.0
"""Between two tries while the database does not answer; doubled each time."""


class Pump:
    """`turn` leaves its work to be done again when it raises; `give_up` is told of an error that no retry mends."""

    def __init__(self, name: str, turn: Callable[[], Awaitable[None]], give_up: Callable[[Exception], None]) -> None:
        self._name, self._turn, self._give_up = name, turn, give_up
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """There is work."""
        self._woken.set()

    def start(self) -> None:
        """Begins to wait for work; needs a running event loop."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def close(self) -> None:
        """Stops, in the middle of a turn if need be."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        wait = SHORTEST_WAIT_SECONDS
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                await self._turn()
                wait = SHORTEST_WAIT_SECONDS
            except Exception as error:
                if not _may_pass(error):
                    log.exception("pump_broken", pump=self._name)
                    self._give_up(error)
                    continue
                log.warning("pump_waits", pump=self._name, error=repr(error))
                self._woken.set()
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_SECONDS)


def _may_pass(error: Exception) -> bool:
    """Whether the same read may pass in a moment."""
    if isinstance(error, ServiceBusy) or lost_connection(error):
        return True
    return classify(error) in (Failure.RETRY, Failure.LOCK_TIMEOUT, Failure.CANCELLED)
