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
    accepts_standby: bool = False,
) -> AsyncIterator[Session]:
    """Provides a session that reads one snapshot. `settings` are additional PostgreSQL settings of its connection.

    `accepts_standby` is whether the snapshot may be a standby's, when the DSN names no other host.

    Raises ServiceBusy when no connection can be opened.
    """
    sent = {**NO_TIMEOUTS, **(settings or {})}
    connection = await connect(dsn, name=name, settings=sent, command_seconds=None, reads_only=accepts_standby)
    try:
        await connection.execute(f"set role {READER}")
        unit = connection.transaction(isolation="repeatable_read", readonly=True)
        await unit.start()
        yield Session(connection)
        # There is nothing to commit, but PostgreSQL would log a connection that closes inside a transaction.
        await unit.commit()
    finally:
        connection.terminate()
