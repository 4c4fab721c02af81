"""One moment of the whole database, for what reads long: proofs and statements.

Runs beside live traffic: REPEATABLE READ and READ ONLY take no lock that a payment waits for, and the reader's role
could not change anything if it wanted to. The connection is one of its own, without the server's timeouts.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from pocketpay.database.roles import READER
from pocketpay.database.sessions import Session, connect

UNHURRIED = {"statement_timeout": "0", "transaction_timeout": "0", "timezone": "UTC"}


@asynccontextmanager
async def snapshot(
    dsn: str, *, name: str = "pocketpay snapshot", settings: Mapping[str, str] | None = None
) -> AsyncIterator[Session]:
    """A session that sees that moment until it is left; `settings` are more of PostgreSQL's own.

    Raises ServiceBusy when no connection can be had.
    """
    connection = await connect(dsn, name=name, settings={**UNHURRIED, **(settings or {})}, command_seconds=None)
    try:
        await connection.execute(f"set role {READER}")
        unit = connection.transaction(isolation="repeatable_read", readonly=True)
        await unit.start()
        yield Session(connection)
        # Not for its effect: PostgreSQL would write down each connection that it finds dead in the middle of a unit.
        await unit.commit()
    finally:
        connection.terminate()
