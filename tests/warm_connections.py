"""Connections that stay open from test to test of a module.

A new backend of PostgreSQL reads the catalogs and plans each statement for the first time: its first audit takes
40 ms, and later ones 3 ms. So when a test closes an idle connection, its backend is kept with its prepared
statements, and the next test that opens a connection with the same DSN and name gets it. The closed connection object
stays closed, and the next test gets a new object. A connection that is in a transaction, has failed or waits for an
answer is not kept, and closes.

Kept connections belong to the event loop of their module and close with it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self, cast

import asyncpg
import pytest

from pocketpay.database.address import plain
from pocketpay.database.connecting import WatchedConnection
from pocketpay.database.held import Connection
from pocketpay.database.sessions import Database

TEST = "test"
"""The name of connections that tests open for themselves."""

RESET_TEST = "select pg_advisory_unlock_all(); close all; unlisten *; reset all"
RESET_SERVER = "select pg_advisory_unlock_all(); close all; unlisten *"
"""The server's connections keep the timeouts that they set when they are opened. Sessions set nothing else."""

ANSWER_SECONDS = 5.0
"""The longest wait for the answer of a kept connection. After this it is replaced."""

kept_dsns: set[str] = set()
"""The databases that serve several tests. Connections to other databases are not kept."""

idle_backends: set[int] = set()
"""The process ids of the backends that are kept for a later test."""


class WarmConnections:
    """The kept connections of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._idle: defaultdict[tuple[str, str], list[WarmConnection]] = defaultdict(list)

    async def open(self, dsn: str, name: str, opening: Callable[[], Awaitable[Connection]]) -> Connection:
        """Returns a kept connection with that DSN and name, or the connection that `opening` opens."""
        if dsn not in kept_dsns or asyncio.get_running_loop() is not self._loop:
            return await opening()
        while self._idle[dsn, name]:
            connection = self._idle[dsn, name].pop()
            idle_backends.discard(connection.get_server_pid())
            if await connection.answers():
                return connection
        return WarmConnection.taking_over(await opening(), self, (dsn, name))

    def keep(self, connection: "WarmConnection") -> bool:
        """Keeps the connection for a later test, if it is idle. Returns whether it is kept."""
        if connection.key[0] not in kept_dsns or self._loop.is_closed() or not connection.is_idle():
            return False
        successor = WarmConnection.taking_over(connection, self, connection.key)
        self._idle[connection.key].append(successor)
        idle_backends.add(successor.get_server_pid())
        return True

    def close(self) -> None:
        """Closes the kept connections."""
        for connections in self._idle.values():
            for connection in connections:
                idle_backends.discard(connection.get_server_pid())
                connection.end()
        self._idle.clear()


class WarmConnection(WatchedConnection):
    """A connection whose backend a later test can use."""

    _pool: WarmConnections
    key: tuple[str, str]
    """Its DSN and its name."""

    @classmethod
    def taking_over(cls, before: Any, pool: WarmConnections, key: tuple[str, str]) -> Self:
        """Returns a new connection with the backend of `before` and its prepared statements, and closes `before`."""
        protocol = before._protocol
        after: Any = cls(protocol, before._transport, before._loop, before._addr, before._config, before._params)
        after._pool, after.key = pool, key
        statements = before._stmt_cache
        for query, entry in statements._entries.items():
            statements._clear_entry_callback(entry)
            after._stmt_cache.put(query, entry._statement)
        statements._entries.clear()
        after._stmts_to_close.update(before._stmts_to_close)
        before._stmts_to_close.clear()
        before._aborted, before._protocol = True, None
        before._cleanup()
        protocol.set_connection(after)
        return cast(Self, after)

    def is_idle(self) -> bool:
        """Whether the connection is open and executes nothing."""
        itself = cast(Any, self)
        waits = itself._cancellations or itself._stmt_exclusive_section._acquired
        return not (self.is_closed() or self.is_in_transaction() or waits)

    async def answers(self) -> bool:
        """Whether PostgreSQL answers on the connection; otherwise it is closed. The query also resets the session of
        the earlier test."""
        try:
            await self.execute(RESET_TEST if self.key[1] == TEST else RESET_SERVER, timeout=ANSWER_SECONDS)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            self.end()
            return False
        except BaseException:  # a server that closes cancels the opening of its connections
            self.end()
            raise
        return True

    def terminate(self) -> None:
        if not self._pool.keep(self):
            super().terminate()

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109  # asyncpg's signature
        if not self._pool.keep(self):
            await super().close(timeout=timeout)

    def end(self) -> None:
        """Closes the connection instead of keeping it."""
        super().terminate()


_current: list[WarmConnections] = []


@contextmanager
def kept() -> Iterator[None]:
    """Keeps the connections that servers and `connected` open on this event loop during the block."""
    pool = WarmConnections(asyncio.get_running_loop())
    opening = Database.connect

    async def connect(self: Database, name: str) -> Connection:
        return await pool.open(self.dsn, name, lambda: opening(self, name))

    _current.append(pool)
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Database, "connect", connect)
            yield
    finally:
        _current.remove(pool)
        pool.close()


async def connected(dsn: str) -> Connection:
    """Opens a connection for a test, or returns a kept one. The caller closes it."""
    if not _current:
        return await asyncpg.connect(dsn)
    return await _current[-1].open(plain(dsn), TEST, lambda: asyncpg.connect(dsn))
