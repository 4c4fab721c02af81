"""Checks that the embedded PostgreSQL accepts connections, and creates the server's login and database."""

import asyncio

import asyncpg

from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.roles import LOGIN, OWNER

DATABASE = "pocketpay"
PROBE_SECONDS = 2.0


async def answers(dsn: str) -> bool:
    """Returns whether the embedded PostgreSQL answers; creates the server's login and database when they are missing.

    `dsn` is the owner's, for a database that always exists. Returns False while PostgreSQL starts, stops or is down.
    Raises DatabaseUnavailable when it refuses the login.
    """
    try:
        connection = await asyncpg.connect(dsn, timeout=PROBE_SECONDS)
    except asyncpg.TooManyConnectionsError:
        return True
    except (asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError):
        return False
    except asyncpg.PostgresError as error:
        raise DatabaseUnavailable(f"The embedded PostgreSQL refused the connection: {error}.") from error
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
