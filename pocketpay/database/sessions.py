"""Connections and units of work.

    Database.read()    a held reader for a moment: queries, each its own snapshot
    Database.query()   one function of a package that reads, on such a session
    Database.of()      the same two on behalf of one user, who has a share of the readers
    Database.write()   one unit of work on a held writer: begin … commit, or nothing
    Database.connect() a connection of one's own, with the same settings (the clearing, the listener)

Connections are held (held.py), not pooled: taking one costs next to nothing, and none is reset between two uses (a
reset is one more round trip, 150 to 250 µs). That is sound because a session gives nothing that outlives it: no SET,
no LISTEN, no temporary table.
"""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Concatenate, ParamSpec, Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from pocketpay.database.commits import unit_of_work
from pocketpay.database.failures import Failure, ServiceBusy, classify, lost_connection
from pocketpay.database.held import Connection as Connection
from pocketpay.database.held import Held

TIMEOUTS = {
    "default_transaction_isolation": "read committed",
    "statement_timeout": "2000",
    "lock_timeout": "1000",
    "idle_in_transaction_session_timeout": "5000",
    "transaction_timeout": "5000",
    "timezone": "UTC",
}
"""Sent with every connection, milliseconds: a lock is waited for 1 s, a statement 2 s, a unit of work 5 s."""

SHARES = 2
"""An owner uses at most one part in so many of the readers: however long their reads take, the other half is for
others. One of four would do for one such owner; two of four let a page with several lists read them side by side."""

PASSING = (Failure.RETRY, Failure.LOCK_TIMEOUT, Failure.CANCELLED)
"""What says nothing against a read itself: the same again may pass."""

CONNECT_SECONDS = 5.0

COMMAND_SECONDS = 6.0
"""How long an answer is awaited at all: longer than PostgreSQL's own timeouts, so that only a line gone silent
meets it."""

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")

Record = asyncpg.Record


class Session:
    """A short object over one held connection: SQL text with $1… in, records out."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def fetch(self, sql: str, *arguments: Any) -> list[Record]:
        return await self._connection.fetch(sql, *arguments)

    async def fetchrow(self, sql: str, *arguments: Any) -> Record | None:
        return await self._connection.fetchrow(sql, *arguments)

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        return await self._connection.fetchval(sql, *arguments)

    async def execute(self, sql: str, *arguments: Any) -> str:
        return await self._connection.execute(sql, *arguments)

    async def stream(self, sql: str, *arguments: Any, prefetch: int = 1000) -> AsyncIterator[Record]:
        """Rows through a server-side cursor; only inside a unit of work."""
        async for record in self._connection.cursor(sql, *arguments, prefetch=prefetch):
            yield record


class Database:
    """This process's way to one PostgreSQL."""

    def __init__(self, dsn: str, *, readers: int = 4, writers: int = 2) -> None:
        self.dsn = plain(dsn)
        self._readers = Held(partial(self.connect, "pocketpay reader"), readers, share=max(1, readers // SHARES))
        self._writers = Held(partial(self.connect, "pocketpay writer"), writers)

    @classmethod
    async def open(cls, dsn: str, *, readers: int = 4, writers: int = 2) -> Self:
        """A database that answered at least once. Raises ServiceBusy when it does not."""
        database = cls(dsn, readers=readers, writers=writers)
        try:
            async with database.read() as session:
                await session.fetchval("select 1")
        except BaseException:
            await database.close()
            raise
        return database

    @asynccontextmanager
    async def read(self, owner: Hashable = None) -> AsyncIterator[Session]:
        """A session for reading, within the owner's share of the readers if one is named.

        A lost connection or one of our timeouts raises ServiceBusy: ask again.
        """
        async with self._readers.lend(owner) as connection:
            try:
                yield Session(connection)
            except Exception as error:
                if lost_connection(error):
                    raise ServiceBusy("the connection to the database was lost during a read") from error
                if classify(error) in PASSING:
                    raise ServiceBusy("the database could not answer a read in time") from error
                raise

    async def query(
        self,
        read: Callable[Concatenate[Session, Asked], Awaitable[Answer]],
        *arguments: Asked.args,
        **named: Asked.kwargs,
    ) -> Answer:
        """What `read(session, …)` gives, on a session of its own. Raises as `read()` does."""
        async with self.read() as session:
            return await read(session, *arguments, **named)

    def of(self, owner: Hashable) -> "ReadAccess":
        """Reading on behalf of that owner: what one user asks for leaves readers for others."""
        return ReadAccess(self, owner)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Session]:
        """One unit of work: committed when the block ends, rolled back when it raises.

        A connection lost on the way raises ServiceBusy that says the outcome is unknown.
        """
        async with self._writers.lend() as connection:
            try:
                async with unit_of_work(connection):
                    yield Session(connection)
            except Exception as error:
                if lost_connection(error):
                    raise ServiceBusy("the connection to the database was lost", may_have_happened=True) from error
                raise

    async def connect(self, name: str) -> Connection:
        """A connection of the caller's own, with the same settings; `name` is what PostgreSQL shows for it."""
        return await connect(self.dsn, name=name)

    async def close(self) -> None:
        await self._readers.close()
        await self._writers.close()


class ReadAccess:
    """Reading on behalf of one owner, who has a share of the readers (turns.py)."""

    __slots__ = ("_database", "_owner")

    def __init__(self, database: Database, owner: Hashable) -> None:
        self._database, self._owner = database, owner

    def read(self) -> AbstractAsyncContextManager[Session]:
        """As `Database.read`."""
        return self._database.read(self._owner)

    async def query(
        self,
        read: Callable[Concatenate[Session, Asked], Awaitable[Answer]],
        *arguments: Asked.args,
        **named: Asked.kwargs,
    ) -> Answer:
        """As `Database.query`."""
        async with self.read() as session:
            return await read(session, *arguments, **named)


async def connect(
    dsn: str,
    *,
    name: str = "pocketpay",
    settings: dict[str, str] | None = None,
    command_seconds: float | None = COMMAND_SECONDS,
) -> Connection:
    """A connection with TIMEOUTS, or with `settings` in their place. Raises ServiceBusy when it cannot be had."""
    try:
        return await asyncpg.connect(
            plain(dsn),
            timeout=CONNECT_SECONDS,
            command_timeout=command_seconds,
            server_settings={**(TIMEOUTS if settings is None else settings), "application_name": name},
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ssl.SSLError) as error:
        raise ServiceBusy("the database does not answer") from error
    except (ValueError, OverflowError):
        # Its words may quote a password that was not escaped.
        raise ServiceBusy(
            "DATABASE_URL is not valid; its form is postgresql://user:password@host:port/name"
        ) from None


def plain(dsn: str) -> str:
    """The DSN as PostgreSQL's own tools write it: without SQLAlchemy's driver in the scheme."""
    parts = urlsplit(dsn)
    if parts.scheme.startswith("postgres") and parts.scheme != "postgresql":
        return urlunsplit(parts._replace(scheme="postgresql"))
    return dsn
