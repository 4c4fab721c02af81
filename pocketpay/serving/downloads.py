"""Limits the downloads that run at the same time, per server and per wallet. Further ones wait in a queue (turns.py).

A download has its own database connection, so that downloads never delay queries. It keeps its slot for at most
DEADLINE_SECONDS, however slowly its client reads. When another request waits, it loses the slot after
GUARANTEED_SECONDS.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from pocketpay.database.turns import Turns
from pocketpay.serving import http
from pocketpay.transactions.statement import LONGEST_SECONDS

MAX_DOWNLOADS = 4
"""Downloads of one server at a time: each uses a database connection and the processor."""

MAX_PER_WALLET = 1
"""Downloads of one wallet at a time. If one wallet could use all slots, other customers would have none."""

WAIT_SECONDS = 5.0
"""Seconds to wait for a slot; then the client gets SERVICE_BUSY. A usual month is read in less than a second."""

DEADLINE_SECONDS = LONGEST_SECONDS

GUARANTEED_SECONDS = 20.0
"""Seconds after which a download may lose its slot: enough for about 300,000 lines. Four slow clients block other
clients for no longer."""

MAX_WAITING = 32
MAX_WAITING_PER_WALLET = 4
"""Waiting requests: each occupies a connection."""


class Downloads:
    """The slots for downloads of one server."""

    def __init__(self) -> None:
        self._turns: Turns[None] = Turns(MAX_PER_WALLET)
        self._free = MAX_DOWNLOADS
        self._waiting: list[UUID] = []
        self._running: dict[asyncio.Timeout, float] = {}
        """The start of each running download, the oldest first."""

    @asynccontextmanager
    async def slot(self, wallet_id: UUID) -> AsyncIterator[None]:
        """A slot for one download. Raises HttpRefusal when none becomes free in time or too many requests wait, and
        TimeoutError when the download loses its slot."""
        if self._free and self._turns.may_use(wallet_id):
            self._free -= 1
            self._turns.begin(wallet_id)
        else:
            await self._wait_for_slot(wallet_id)
        try:
            async with asyncio.timeout(DEADLINE_SECONDS) as deadline:
                self._running[deadline] = asyncio.get_running_loop().time()
                try:
                    yield
                finally:
                    del self._running[deadline]
        finally:
            self._release(wallet_id)

    async def _wait_for_slot(self, wallet_id: UUID) -> None:
        if len(self._waiting) >= MAX_WAITING or self._waiting.count(wallet_id) >= MAX_WAITING_PER_WALLET:
            raise http.busy()
        self._waiting.append(wallet_id)
        turn = self._turns.wait(wallet_id)
        end_timer = asyncio.get_running_loop().call_later(
            self._seconds_until_oldest_may_end(), self._end_oldest, wallet_id
        )
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await turn
        except BaseException as error:
            self._turns.leave(wallet_id, turn)
            if turn.done() and not turn.cancelled():
                self._release(wallet_id)
            if isinstance(error, TimeoutError):
                raise http.busy() from None
            raise
        finally:
            end_timer.cancel()
            self._waiting.remove(wallet_id)

    def _seconds_until_oldest_may_end(self) -> float:
        """Seconds until the oldest download has had its guaranteed time."""
        now = asyncio.get_running_loop().time()
        return max(0.0, min(self._running.values(), default=now) + GUARANTEED_SECONDS - now)

    def _end_oldest(self, wallet_id: UUID) -> None:
        """Ends the oldest download that has had its guaranteed time, if this wallet could then use the slot."""
        now = asyncio.get_running_loop().time()
        if self._free or not self._turns.may_use(wallet_id):
            return
        for deadline, started in self._running.items():
            if now - started >= GUARANTEED_SECONDS and (deadline.when() or now) > now:
                deadline.reschedule(now)
                return

    def _release(self, wallet_id: UUID) -> None:
        self._turns.end(wallet_id)
        self._free += 1
        while self._free and (turn := self._turns.next()) is not None:
            self._free -= 1
            turn.set_result(None)
