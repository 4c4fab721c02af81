"""Connections that stay open and are lent to one caller at a time.

    a caller   gets an open idle connection, or waits for its turn (turns.py) until a connection is returned
               or opened
    a slot     without a connection opens one when a caller waits. After a failure it pauses, longer each time;
               callers then wait for the open connections. A caller gets the error only when no connection is open

PostgreSQL may accept fewer connections than there are slots (CONNECTION LIMIT of a role). Then only the accepted
connections are used.

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
"""The longest time in seconds that a caller waits for a connection before ServiceBusy."""

MIN_PAUSE, MAX_PAUSE = 0.05, 5.0
"""The pause in seconds after a connection could not be opened, while others are open."""


class HeldConnections:
    """Lends connections from `size` slots. One owner uses at most `share` of them at a time.

    `open_` opens a connection; it raises ServiceBusy when it cannot.
    """

    def __init__(self, open_: Callable[[], Awaitable[Connection]], size: int, *, share: int | None = None) -> None:
        self._open = open_
        self._idle: list[Connection] = []
        self._live: set[Connection] = set()
        """The open connections, idle or lent."""
        self._empty = size
        """The number of slots without a connection that are not being opened."""
        self._opening: set[asyncio.Task[None]] = set()
        self._turns: Turns[Connection] = Turns(share or size)
        self._pause, self._paused_until = 0.0, 0.0
        self._closed = False
        self.refused = 0
        """The callers who got no connection within WAIT_FOR_SESSION."""

    @property
    def idle(self) -> int:
        """The number of open connections that nobody uses."""
        return sum(not connection.is_closed() for connection in self._idle)

    @property
    def used(self) -> int:
        """The number of lent connections."""
        return len(self._live) - len(self._idle)

    @property
    def waiting(self) -> int:
        """The number of callers who wait for a connection."""
        return len(self._turns)

    @asynccontextmanager
    async def lend(self, owner: Hashable = None) -> AsyncIterator[Connection]:
        """Lends an open connection during the block. Without an owner, each call counts as an owner of its own.

        Raises ServiceBusy when no connection is free within WAIT_FOR_SESSION, or when none is open and none can be
        opened.
        """
        owner = object() if owner is None else owner
        connection = self._idle_for(owner) or await self._wait_for_turn(owner)
        try:
            yield connection
        except BaseException as error:
            # After a cancel, a statement may be prepared but not executed, and its timeout in PostgreSQL still runs.
            # The error of a lost connection is the cause of the ServiceBusy; the connection may still look open.
            if isinstance(error, asyncio.CancelledError) or lost_connection(error.__cause__ or error):
                connection.terminate()
            raise
        finally:
            self._give_back(owner, connection)

    async def close(self) -> None:
        """Closes every connection. Present and later callers get ServiceBusy."""
        self._closed = True
        for connection in tuple(self._live):
            connection.terminate()
        opening = tuple(self._opening)
        for task in opening:
            task.cancel()
        if opening:
            await asyncio.wait(opening)
        self._turns.fail(_closed())

    def _idle_for(self, owner: Hashable) -> Connection | None:
        """Returns an idle connection if there is one and the owner may use it, else None. It overtakes no waiting
        caller: while a connection is idle, the owners of all waiting callers have reached their share."""
        if self._closed:
            raise _closed()
        if not self._turns.may_use(owner):
            return None
        connection = self._take_idle()
        if connection is not None:
            self._turns.begin(owner)
        return connection

    async def _wait_for_turn(self, owner: Hashable) -> Connection:
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
                self.refused += 1
                raise ServiceBusy("every connection is busy") from None
            raise

    def _give_back(self, owner: Hashable, connection: Connection) -> None:
        self._turns.end(owner)
        self._idle.append(connection)
        self._serve()

    def _serve(self) -> None:
        """Lends idle connections to the callers whose turn it is, and opens more connections for the others."""
        while (connection := self._take_idle()) is not None:
            future = self._turns.next()
            if future is None:
                self._idle.append(connection)
                return
            future.set_result(connection)
        self._open_more()

    def _take_idle(self) -> Connection | None:
        """Returns the open idle connection that was used last, so that few connections keep warm caches; None when
        there is none. A connection that has closed empties its slot."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._live.discard(connection)
            self._empty += 1
        return None

    # ------------------------------------------------------------ opening

    def _open_more(self) -> None:
        """Starts opening as many connections as waiting callers could use now, except during a pause."""
        loop = asyncio.get_running_loop()
        if self._closed or not self._empty or (self._live and loop.time() < self._paused_until):
            return
        for _ in range(min(self._empty, self._turns.could_be_served() - len(self._opening))):
            self._empty -= 1
            task = asyncio.create_task(self._open_one(), name="opening a connection")
            self._opening.add(task)

    async def _open_one(self) -> None:
        """Opens a connection for an empty slot. After a failure the slot stays empty for a pause."""
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
        assert task is not None  # noqa: S101 - it runs as a task
        self._opening.discard(task)

    def _failed(self, error: Exception) -> None:
        """Handles a failure to open a connection. Callers keep waiting while other connections are open or being
        opened; otherwise they get the error."""
        loop = asyncio.get_running_loop()
        self._pause = min(max(2 * self._pause, MIN_PAUSE), MAX_PAUSE)
        self._paused_until = loop.time() + self._pause
        if self._live:
            loop.call_later(self._pause, self._open_more)
        elif not self._opening:
            self._turns.fail(error)


def _closed() -> ServiceBusy:
    return ServiceBusy("the connections to the database are closed")
