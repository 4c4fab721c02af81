"""Bringing a database's tables to this server's revision, with Alembic. Only `migrate` imports this file.

Each migration is one transaction. Whoever migrates holds an advisory lock, so that of two that start together one
works and the other finds it done. Grants on a table stand in the migration that makes it; the roles are made before.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import pool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from pocketpay.database import revisions, roles
from pocketpay.database.errors import DatabaseUnavailable, unreachable
from pocketpay.database.failures import Failure, ServiceBusy, classify
from pocketpay.database.sessions import connect, plain

OWNER_SETTINGS = {
    "lock_timeout": "3000",  # a migration waits no longer behind traffic, which would queue behind it
    "statement_timeout": "0",
    "timezone": "UTC",
}
TURN = 7_064_738_212_001
"""The advisory lock's number: ours alone, and otherwise without meaning."""
TURN_SECONDS = 60


async def upgrade(owner_dsn: str, server_dsn: str) -> None:
    """Makes the roles and brings the tables to this server's revision; what is there already stays.

    Raises DatabaseUnavailable with what to do when the database is away, too old, locked or not ours to change.
    """
    try:
        async with _turn(owner_dsn) as owner:
            await roles.make_groups(owner, await _login_of(server_dsn))
            await asyncio.to_thread(command.upgrade, config(owner_dsn), "head")
            await owner.execute(f"grant select on alembic_version to {roles.SERVER}, {roles.READER}")
    except ServiceBusy as busy:
        raise unreachable(busy) from busy
    except DBAPIError as error:
        raise _sentence(error) from error


def _sentence(error: DBAPIError) -> Exception:
    """What to tell the operator of a migration that failed; a bug in it is told as it is."""
    said = error.orig.__cause__ if error.orig is not None else None
    if said is not None and classify(said) is Failure.LOCK_TIMEOUT:
        return DatabaseUnavailable(
            "A migration waited 3 s for a table in use. Run it again when there is less traffic."
        )
    if isinstance(said, asyncpg.InsufficientPrivilegeError):
        return DatabaseUnavailable(f"The login of DATABASE_OWNER_URL cannot migrate ({said}). Grant it this right.")
    return error


def config(dsn: str | None = None) -> Config:
    """Alembic's configuration in code: the same in a checkout and in an installed wheel."""
    made = Config()
    made.set_main_option("script_location", str(revisions.folder()).replace("%", "%%"))
    made.attributes["dsn"] = dsn
    return made


def engine(dsn: str) -> AsyncEngine:
    """SQLAlchemy's way to the owner's connection, for Alembic alone; asyncpg itself reads the DSN, hosts and all."""

    async def opened() -> "asyncpg.Connection[asyncpg.Record]":
        return await connect(dsn, name="pocketpay migrate", settings=OWNER_SETTINGS)

    return create_async_engine("postgresql+asyncpg://", async_creator=opened, poolclass=pool.NullPool)


@asynccontextmanager
async def _turn(owner_dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """An owner's connection that alone may migrate as long as it lives; a killed migrator's turn ends with it."""
    owner = await connect(owner_dsn, name="pocketpay migrate", settings=OWNER_SETTINGS)
    try:
        await owner.execute(f"set lock_timeout = '{TURN_SECONDS}s'")
        try:
            await owner.fetchval("select pg_advisory_lock($1)", TURN)
        except asyncpg.LockNotAvailableError:
            raise DatabaseUnavailable(
                f"Another migration has been running for {TURN_SECONDS} s. Wait until it ends."
            ) from None
        await owner.execute("set lock_timeout = '3s'")
        yield owner
    finally:
        owner.terminate()


async def _login_of(server_dsn: str) -> str:
    """Who DATABASE_URL comes in as, asked of the database itself."""
    server = await connect(plain(server_dsn), name="pocketpay migrate", settings={})
    try:
        login: str = await server.fetchval("select session_user")
        return login
    finally:
        server.terminate()
