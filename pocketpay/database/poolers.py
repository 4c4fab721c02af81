"""Finds a connection pooler in transaction mode, behind which the server cannot work.

Settings, LISTEN and prepared statements belong to a session. A pooler in transaction mode gives each transaction
whatever session is free, so they are lost, or another client gets them. In session mode a pooler causes no error.

    client A          sets a mark in its session
    clients B and C   begin a transaction each: a pooler lends them sessions that are free, A's among them
    client A looks for its mark, and does not find it if B or C has its session
"""

import secrets

from pocketpay.database.connecting import connect
from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.held import Connection

MARK = "select coalesce(current_setting('pocketpay.pooler_check', true), '')"

TRANSACTION_MODE = (
    "DATABASE_URL connects through a connection pooler in transaction mode, which loses the settings, the "
    "notifications and the prepared statements of a session. Use a pool in session mode, or connect to PostgreSQL "
    "itself."
)


async def check(dsn: str) -> None:
    """Raises DatabaseUnavailable when there is a pooler in transaction mode, and what `connect` raises."""
    clients: list[Connection] = []
    try:
        for _ in range(3):
            clients.append(await connect(dsn, name="pocketpay check"))  # noqa: PERF401 - those before are closed
        first, *others = clients
        mark = secrets.token_hex(8)
        await first.execute(f"select set_config('pocketpay.pooler_check', '{mark}', false)")
        for other in others:
            await other.execute("begin")
        if await first.fetchval(MARK) != mark:
            raise DatabaseUnavailable(TRANSACTION_MODE)
    finally:
        for client in clients:
            client.terminate()
