"""Connections and units of work.

    Database.read()    a held reader for a moment: queries, each its own snapshot
    Database.query()   one function of a package that reads, on such a session
    Database.write()   one unit of work on a held writer: begin … commit, or nothing
    Database.connect() a connection of one's own, with the same settings (the clearing, the listener)

Connections are held, not pooled: taking one costs a queue's `get`, and none is reset between two uses (a reset is one
more round trip, 150 to 250 µs). That is sound because a session gives nothing that outlives it: no SET, no LISTEN,
no temporary table.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeAlias, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from pocketpay.database.commits import unit_of_work
from pocketpay.database.failures import Failure, ServiceBusy, classify, lost_connection

TIMEOUTS = {
    "default_transaction_isolation": "read committed",
    "statement_timeout": "2000",
    "lock_timeout": "1000",
    "idle_in_transaction_session_timeout": "5000",
    "transaction_timeout": "5000",
    "timezone": "UTC",
}
"""Sent with every connection, milliseconds: a lock is waited for 1 s, a statement 2 s, a unit of work 5 s."""

WAIT_FOR_SESSION = 2.0
"""Seconds a caller waits for a held connection before SERVICE_BUSY."""

PASSING = (Failure.RETRY, Failure.LOCK_TIMEOUT, Failure.CANCELLED)
"""What says nothing against a read itself: the same again may pass."""

CONNECT_SECONDS = 5.0

COMMAND_SECONDS = 6.0
"""How long an answer is awaited at all: longer than PostgreSQL's own timeouts, so that only a line gone silent
meets it."""

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")

Record = asyncpg.Record
if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection  # generic for the type checker only


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


class Held:
    """A few connections kept open, lent one at a time, opened again when found dead."""

    def __init__(self, dsn: str, size: int, name: str) -> None:
        self._dsn, self._name = dsn, name
        self._free: asyncio.LifoQueue[Connection | None] = asyncio.LifoQueue()
        for _ in range(size):
            self._free.put_nowait(None)
        self._open: set[Connection] = set()
        self._closed = False

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Connection]:
        """Lends a live connection. Raises ServiceBusy when none comes free in time or none can be opened."""
        try:
            connection = self._free.get_nowait()
        except asyncio.QueueEmpty:
            try:
                async with asyncio.timeout(WAIT_FOR_SESSION):
                    connection = await self._free.get()
            except TimeoutError:
                raise ServiceBusy("every connection is busy") from None
        try:
            if connection is None or connection.is_closed():
                connection = await self._opened(connection)
            yield connection
        except BaseException as error:
            # One whose user was cut off may hold a statement prepared and not run, on which PostgreSQL's clock runs.
            # A lost one comes as the ServiceBusy that its user is told; its line may be silent, and look open.
            lost = lost_connection(error.__cause__ or error)
            if connection is not None and (isinstance(error, asyncio.CancelledError) or lost):
                connection.terminate()
            raise
        finally:
            self._free.put_nowait(connection)

    async def close(self) -> None:
        """Ends every connection for good. Whoever still works here, or comes later, gets ServiceBusy."""
        self._closed = True
        for connection in tuple(self._open):
            connection.terminate()

    async def _opened(self, dead: "Connection | None") -> Connection:
        if dead is not None:
            self._open.discard(dead)
        if not self._closed:
            connection = await connect(self._dsn, name=self._name)
            if not self._closed:
                self._open.add(connection)
                return connection
            connection.terminate()
        raise ServiceBusy("the database is closed here")


class Database:
    """This process's way to one PostgreSQL."""

    def __init__(self, dsn: str, *, readers: int = 4, writers: int = 2) -> None:
        self.dsn = plain(dsn)
        self._readers = Held(self.dsn, readers, "pocketpay reader")
        self._writers = Held(self.dsn, writers, "pocketpay writer")

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
    async def read(self) -> AsyncIterator[Session]:
        """A session for reading. A lost connection or one of our timeouts raises ServiceBusy: ask again."""
        async with self._readers.lend() as connection:
            try:
                yield Session(connection)
            except Exception as error:
                if lost_connection(error):
                    raise ServiceBusy("the database went away during a read") from error
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
                    raise ServiceBusy("the database went away", may_have_happened=True) from error
                raise

    async def connect(self, name: str) -> Connection:
        """A connection of the caller's own, with the same settings; `name` is what PostgreSQL shows for it."""
        return await connect(self.dsn, name=name)

    async def close(self) -> None:
        await self._readers.close()
        await self._writers.close()


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
        raise ServiceBusy("its address is none: the form is postgresql://user:password@host:port/name") from None


def plain(dsn: str) -> str:
    """The DSN as PostgreSQL's own tools write it: without SQLAlchemy's driver in the scheme."""
    parts = urlsplit(dsn)
    if parts.scheme.startswith("postgres") and parts.scheme != "postgresql":
        return urlunsplit(parts._replace(scheme="postgresql"))
    return dsn
