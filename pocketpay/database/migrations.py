"""Migrates a database to this server's revision, with Alembic. Alembic is imported only when needed, because its
import is slow.

Each migration is one transaction, except that an index of an existing table is built outside of it, while payments
go on (decision 72). The migration process holds an advisory lock: of two processes that start at the same time, the
second waits and then finds nothing to do. The privileges on a table are granted in the migration that
creates it; the roles are created before the migrations. After them, `grants` repairs missing and extra privileges.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import pool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from pocketpay.database import grants, revisions, roles, startup
from pocketpay.database.errors import DatabaseUnavailable, NoTables, unreachable
from pocketpay.database.failures import Failure, ServiceBusy, classify
from pocketpay.database.sessions import Session, connect

OWNER_SETTINGS = {
    "lock_timeout": "3000",  # while a migration waits for a lock, other statements queue behind it
    "statement_timeout": "0",
    "timezone": "UTC",
}
TABLE_IN_USE = (
    "The migration stopped, because a table was in use for 3 s. Run `pocketpay migrate` when there is less traffic."
)
LOCK_ID = 7_064_738_212_001
"""The number of the advisory lock. It is arbitrary, but used for nothing else."""
LOCK_SECONDS = 60
LOCK_PAUSE_SECONDS = 0.1

OTHER_OWNER = """
select quote_ident(pg_get_userbyid(relowner)) from pg_class join pg_namespace on pg_namespace.oid = relnamespace
where nspname = 'public' and relname in ('alembic_version', 'ledger_entries') and relkind = 'r'
  and not pg_has_role(relowner, 'usage')
limit 1"""


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The revision of the tables now, and the statements that repaired roles and grants of existing tables."""

    revision: str
    repairs: tuple[str, ...] = ()


async def upgrade(owner_dsn: str, server_dsn: str) -> Upgraded:
    """Creates the missing roles, migrates the tables to this server's revision, and repairs their grants.

    Changes nothing when the tables are of a later revision that this server supports. Raises WrongRevision when
    this server does not support their revision, or when they are not complete. Raises DatabaseUnavailable, with
    advice, when the database does not answer, its version is too old, a lock is not free in time, or a privilege is
    missing.
    """
    try:
        async with _migration_lock(owner_dsn) as owner:
            session = Session(owner)
            await startup.check_version(session)
            here = await _revision(session)
            if here is not None and here not in revisions.known():
                await revisions.check(session)
                return Upgraded(here)
            login = await roles.login_of(server_dsn)
            created = await roles.create_groups(owner, login)
            await asyncio.to_thread(command.upgrade, config(owner_dsn), "head")
            async with owner.transaction():
                granted = await grants.repair(session, login)
            return Upgraded(revisions.expected(), () if here is None else (*created, *granted))
    except ServiceBusy as busy:
        raise unreachable(busy) from busy
    except asyncpg.LockNotAvailableError as error:
        raise DatabaseUnavailable(TABLE_IN_USE) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise _forbidden(error) from error
    except DBAPIError as error:
        raise _explained(error) from error


async def _revision(owner: Session) -> str | None:
    """Returns the revision of the tables, or None when there are none. Raises WrongRevision when they are not
    complete, and DatabaseUnavailable when they belong to another login."""
    other = await owner.fetchval(OTHER_OWNER)
    if other is not None:
        raise DatabaseUnavailable(
            f"The tables belong to the role {other}, and the login of DATABASE_OWNER_URL is not a member of it. "
            "Set DATABASE_OWNER_URL to their owner, or restore them with `pocketpay restore`."
        )
    here = await revisions.current(owner)
    if here is None and not isinstance(reason := await revisions.without_revision(owner), NoTables):
        raise reason
    return here


def _explained(error: DBAPIError) -> Exception:
    """Returns a DatabaseUnavailable with advice for a failed migration; an unexpected error is returned unchanged."""
    cause = error.orig.__cause__ if error.orig is not None else None
    if cause is not None and classify(cause) is Failure.LOCK_TIMEOUT:
        return DatabaseUnavailable(TABLE_IN_USE)
    if isinstance(cause, asyncpg.InsufficientPrivilegeError):
        return _forbidden(cause)
    return error


def _forbidden(error: asyncpg.InsufficientPrivilegeError) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"The login of DATABASE_OWNER_URL cannot migrate ({error}). Grant the login the missing right."
    )


def config(dsn: str | None = None) -> Config:
    """Returns Alembic's configuration, which is the same in a checkout and in an installed wheel."""
    made = Config()
    made.set_main_option("script_location", str(revisions.folder()).replace("%", "%%"))
    made.attributes["dsn"] = dsn
    return made


def engine(dsn: str) -> AsyncEngine:
    """Returns a SQLAlchemy engine for Alembic. asyncpg parses the DSN, so it may list several hosts."""

    async def opened() -> "asyncpg.Connection[asyncpg.Record]":
        # No time limit for a statement: building an index of a large table takes minutes.
        return await connect(dsn, name="pocketpay migrate", settings=OWNER_SETTINGS, command_seconds=None)

    return create_async_engine("postgresql+asyncpg://", async_creator=opened, poolclass=pool.NullPool)


@asynccontextmanager
async def _migration_lock(owner_dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Opens the owner's connection and holds the advisory lock of migrations during the block. When the process is
    killed, PostgreSQL releases the lock."""
    owner = await connect(owner_dsn, name="pocketpay migrate", settings=OWNER_SETTINGS)
    try:
        await _wait_for_lock(owner)
        yield owner
    finally:
        owner.terminate()


async def _wait_for_lock(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Tries to get the lock until it is free. Raises DatabaseUnavailable after LOCK_SECONDS.

    A statement that waits for the lock would be a transaction. The other process may build an index concurrently,
    which waits for all earlier transactions.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while not await owner.fetchval("select pg_try_advisory_lock($1)", LOCK_ID):
        if time.monotonic() > deadline:
            raise DatabaseUnavailable(f"Another migration has been running for {LOCK_SECONDS} s. Wait until it ends.")
        await asyncio.sleep(LOCK_PAUSE_SECONDS)
