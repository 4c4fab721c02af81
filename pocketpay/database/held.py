"""A few connections kept open and lent, one use at a time.

    a use    gets a live idle connection at once; else it waits for its turn (turns.py), whichever comes free or is
             opened first
    a slot   without a connection opens one when somebody waits. One that cannot pauses, longer each time, and keeps
             no use to itself: they wait for the live ones. Only while none is live does a use fail, and says why

PostgreSQL may let in fewer than there are slots (a role's CONNECTION LIMIT): then those that it lets in do the work.

Decision 2 gives the reasons.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from pocketpay.database.failures import ServiceBusy, lost_connection
from pocketpay.database.turns import Turns

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection  # generic for the type checker only

WAIT_FOR_SESSION = 2.0
"""Seconds a caller waits for a held connection before SERVICE_BUSY."""

SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 5.0
"""Seconds before a connection is tried again that could not be opened, while others are live."""


class Held:
    """`size` slots for connections, of which an owner uses at most `share` at a time. `open_` raises ServiceBusy."""

    def __init__(self, open_: Callable[[], Awaitable[Connection]], size: int, *, share: int | None = None) -> None:
        self._open = open_
        self._idle: list[Connection] = []
        self._live: set[Connection] = set()
        """Those that are open, idle or lent."""
        self._empty = size
        """Slots without a connection, which nobody opens now."""
        self._opening: set[asyncio.Task[None]] = set()
        self._turns: Turns[Connection] = Turns(share or size)
        self._pause, self._paused_until = 0.0, 0.0
        self._closed = False

    @asynccontextmanager
    async def lend(self, owner: Hashable = None) -> AsyncIterator[Connection]:
        """Lends a live connection, to nobody in particular where no owner is named. Raises ServiceBusy when none
        comes free in time, or none is live and none can be opened."""
        owner = object() if owner is None else owner
        connection = self._at_once(owner) or await self._in_turn(owner)
        try:
            yield connection
        except BaseException as error:
            # One whose user was cut off may hold a statement prepared and not run, on which PostgreSQL's clock runs.
            # A lost one comes as the ServiceBusy that its user is told; its line may be silent, and look open.
            if isinstance(error, asyncio.CancelledError) or lost_connection(error.__cause__ or error):
                connection.terminate()
            raise
        finally:
            self._give_back(owner, connection)

    async def close(self) -> None:
        """Ends every connection for good. Whoever still works here, or comes later, gets ServiceBusy."""
        self._closed = True
        for connection in tuple(self._live):
            connection.terminate()
        opening = tuple(self._opening)
        for task in opening:
            task.cancel()
        if opening:
            await asyncio.wait(opening)
        self._turns.fail(_closed())

    def _at_once(self, owner: Hashable) -> Connection | None:
        """An idle connection, if there is one for that owner now. Whoever waits may use none of those idle."""
        if self._closed:
            raise _closed()
        if not self._turns.may_use(owner):
            return None
        connection = self._take_idle()
        if connection is not None:
            self._turns.begin(owner)
        return connection

    async def _in_turn(self, owner: Hashable) -> Connection:
        future = self._turns.wait(owner)
        self._open_more()
        try:
            async with asyncio.timeout(WAIT_FOR_SESSION):
                return await future
        except BaseException as error:
            self._turns.leave(owner, future)
            if future.done() and not future.cancelled() and future.exception() is None:
                self._give_back(owner, future.result())
            if isinstance(error, TimeoutError):
                raise ServiceBusy("every connection is busy") from None
            raise

    def _give_back(self, owner: Hashable, connection: Connection) -> None:
        self._turns.end(owner)
        self._idle.append(connection)
        self._serve()

    def _serve(self) -> None:
        """Lends what is idle to those whose turn it is, and opens more for the others."""
        while (connection := self._take_idle()) is not None:
            future = self._turns.next()
            if future is None:
                self._idle.append(connection)
                return
            future.set_result(connection)
        self._open_more()

    def _take_idle(self) -> Connection | None:
        """A live idle connection, the one used last: few stay warm. The slot of one that died is empty."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._live.discard(connection)
            self._empty += 1
        return None

    # ------------------------------------------------------------ opening

    def _open_more(self) -> None:
        """Begins to open as many as could serve somebody now, unless it must pause."""
        loop = asyncio.get_running_loop()
        if self._closed or not self._empty or (self._live and loop.time() < self._paused_until):
            return
        for _ in range(min(self._empty, self._turns.could_be_served() - len(self._opening))):
            self._empty -= 1
            task = asyncio.create_task(self._fill(), name="opening a connection")
            self._opening.add(task)

    async def _fill(self) -> None:
        """Opens a connection for an empty slot, or leaves it empty for a while."""
        try:
            connection = await self._open()
        except Exception as error:
            self._done_opening()
            self._empty += 1
            self._failed(error)
            return
        self._done_opening()
        if self._closed:
            connection.terminate()
            return
        self._pause = self._paused_until = 0.0
        self._live.add(connection)
        self._idle.append(connection)
        self._serve()

    def _done_opening(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - it runs as one
        self._opening.discard(task)

    def _failed(self, error: Exception) -> None:
        """One could not be opened. Who waits goes on waiting for those that are live, or are being opened."""
        loop = asyncio.get_running_loop()
        self._pause = min(max(2 * self._pause, SHORTEST_PAUSE), LONGEST_PAUSE)
        self._paused_until = loop.time() + self._pause
        if self._live:
            loop.call_later(self._pause, self._open_more)
        elif not self._opening:
            self._turns.fail(error)


def _closed() -> ServiceBusy:
    return ServiceBusy("the connections to the database are closed")
