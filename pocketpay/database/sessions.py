"""Connections and units of work.

    Database.read()    a session for queries on a reader connection; each query has its own snapshot
    Database.query()   calls one reading function of a package with such a session
    Database.of()      the same two for one user, who may use a share of the readers
    Database.write()   one unit of work on a writer connection: begin … commit, or rollback
    Database.connect() a separate connection with the same settings (for the clearing and the listener)

Connections stay open (held.py) and are not reset between two uses, so taking one costs almost nothing (a reset is one
more round trip, 150 to 250 µs). That is safe because a session leaves nothing on its connection: no SET, no LISTEN,
no temporary table.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import asyncpg

from pocketpay.database.address import plain
from pocketpay.database.commits import unit_of_work
from pocketpay.database.connecting import connect as connect
from pocketpay.database.failures import Failure, ServiceBusy, classify, lost_connection
from pocketpay.database.held import Connection as Connection
from pocketpay.database.held import HeldConnections

SHARES = 2
"""An owner uses at most 1/SHARES of the readers, so that half of them stay free for others, even when the owner's
reads are slow. With two of four readers, the several lists of one page can be read at the same time."""

TEMPORARY = (Failure.RETRY, Failure.LOCK_TIMEOUT, Failure.CANCELLED)
"""Failures of a read that a retry may overcome."""

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

Record = asyncpg.Record


class Session:
    """Runs SQL statements with parameters $1… on one connection, and returns records."""

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
        """Yields rows through a server-side cursor. It must be called inside a transaction."""
        async for record in self._connection.cursor(sql, *arguments, prefetch=prefetch):
            yield record


class Database:
    """The connections of this process to one PostgreSQL."""

    def __init__(self, dsn: str, *, readers: int = 4, writers: int = 2) -> None:
        self.dsn = plain(dsn)
        self._readers = HeldConnections(
            partial(self.connect, "pocketpay reader"), readers, share=max(1, readers // SHARES)
        )
        self._writers = HeldConnections(partial(self.connect, "pocketpay writer"), writers)

    @property
    def pools(self) -> Mapping[str, HeldConnections]:
        """The pools of held connections, by name."""
        return {"readers": self._readers, "writers": self._writers}

    @classmethod
    async def open(cls, dsn: str, *, readers: int = 4, writers: int = 2) -> Self:
        """Returns a Database after it has answered once. Raises ServiceBusy when it does not answer."""
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
        """Provides a session for reading. With an owner, it counts toward the owner's share of the connections for
        reads.

        Raises ServiceBusy when the connection is lost or one of our timeouts ends the read; a retry may succeed.
        """
        async with self._readers.lend(owner) as connection:
            try:
                yield Session(connection)
            except Exception as error:
                if lost_connection(error):
                    raise ServiceBusy("the connection to the database was lost during a read") from error
                if classify(error) in TEMPORARY:
                    raise ServiceBusy("the database could not answer a read in time") from error
                raise

    async def query(
        self,
        read: Callable[Concatenate[Session, Parameters], Awaitable[Result]],
        *arguments: Parameters.args,
        **named: Parameters.kwargs,
    ) -> Result:
        """Returns the result of `read(session, …)`, called with a new session. Raises the errors of `read()`."""
        async with self.read() as session:
            return await read(session, *arguments, **named)

    def of(self, owner: Hashable) -> "ReadAccess":
        """Returns read access for one owner, who may use only a share of the connections for reads."""
        return ReadAccess(self, owner)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Session]:
        """Provides a session for one unit of work: committed when the block ends, rolled back when it raises.

        When the connection is lost, raises ServiceBusy with `may_have_happened`: the outcome is unknown.
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
        """Opens a separate connection with the same settings. `name` is its application_name in PostgreSQL."""
        return await connect(self.dsn, name=name)

    async def close(self) -> None:
        await self._readers.close()
        await self._writers.close()


class ReadAccess:
    """Read access for one owner, who may use only a share of the connections for reads (turns.py)."""

    __slots__ = ("_database", "_owner")

    def __init__(self, database: Database, owner: Hashable) -> None:
        self._database, self._owner = database, owner

    def read(self) -> AbstractAsyncContextManager[Session]:
        """Like `Database.read`, for this owner."""
        return self._database.read(self._owner)

    async def query(
        self,
        read: Callable[Concatenate[Session, Parameters], Awaitable[Result]],
        *arguments: Parameters.args,
        **named: Parameters.kwargs,
    ) -> Result:
        """Like `Database.query`, for this owner."""
        async with self.read() as session:
            return await read(session, *arguments, **named)
