"""Whether the embedded PostgreSQL accepts connections, and has the server's login and database."""

import asyncio

import asyncpg

from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.roles import LOGIN, OWNER

DATABASE = "pocketpay"
PROBE_SECONDS = 2.0


async def answers(dsn: str) -> bool:
    """Whether the embedded server answers its owner; makes its login and its database when they are missing.

    `dsn` is the owner's, on any database that is always there. False while the server starts, ends or is away.
    Raises DatabaseUnavailable when it answers that we may not come in.
    """
    try:
        connection = await asyncpg.connect(dsn, timeout=PROBE_SECONDS)
    except asyncpg.TooManyConnectionsError:
        return True
    except (asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError):
        return False
    except asyncpg.PostgresError as error:
        raise DatabaseUnavailable(f"The embedded PostgreSQL answers: {error}.") from error
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await _prepare(connection)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return False
    finally:
        connection.terminate()
    return True


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    if not await connection.fetchval("select true from pg_roles where rolname = $1", LOGIN):
        await connection.execute(f"create role {LOGIN} login")
    if not await connection.fetchval("select true from pg_database where datname = $1", DATABASE):
        await connection.execute(f"create database {DATABASE} owner {OWNER}")
