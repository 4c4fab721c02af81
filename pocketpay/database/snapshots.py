"""A consistent snapshot of the whole database, for long reads: proofs and statements.

It can be open while servers are in use: a REPEATABLE READ, READ ONLY transaction takes no lock that a payment waits
for, and the reader's role cannot change anything. It uses a separate connection, without the server's timeouts.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pocketpay.database.roles import READER
from pocketpay.database.sessions import Session, connect

NO_TIMEOUTS = {"statement_timeout": "0", "transaction_timeout": "0", "timezone": "UTC"}


@asynccontextmanager
async def snapshot(
    dsn: str,
    *,
    name: str = "pocketpay snapshot",
    settings: Mapping[str, str] | None = None,
    standby: bool = False,
) -> AsyncIterator[Session]:
    """Provides a session that reads one snapshot; with `standby`, a snapshot of a hot standby.

    `settings` are additional PostgreSQL settings of its connection.

    Raises ServiceBusy when no connection can be opened.
    """
    connection = await connect(
        dsn, name=name, settings={**NO_TIMEOUTS, **(settings or {})}, command_seconds=None, standby=standby
    )
    try:
        await connection.execute(f"set role {READER}")
        unit = connection.transaction(isolation="repeatable_read", readonly=True)
        await unit.start()
        yield Session(connection)
        # There is nothing to commit, but PostgreSQL would log a connection that closes inside a transaction.
        await unit.commit()
    finally:
        connection.terminate()


@asynccontextmanager
async def same_snapshot(writer: Session, reader: Session) -> AsyncIterator[None]:
    """Opens a transaction of `writer` with the same snapshot as `reader`, and commits it after the block.

    The transaction cannot change rows that other transactions have changed after the snapshot: PostgreSQL raises a
    serialization failure.
    """
    name = await reader.fetchval("select pg_export_snapshot()")
    await writer.execute("begin isolation level repeatable read")
    # The name is made by PostgreSQL. The statement takes no parameter.
    await writer.execute(f"set transaction snapshot '{name}'")
    yield
    await writer.execute("commit")
