"""Reads the revision of a database for a backup, and checks that a database is empty for a restore."""

from dataclasses import dataclass

from pocketpay.database import revisions, roles, startup
from pocketpay.database.errors import DatabaseUnavailable, NoTables, unreachable
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Session, connect


@dataclass(frozen=True, slots=True)
class Contents:
    """PostgreSQL's version, its major version, and the revision of the tables."""

    postgresql: str
    major: int
    revision: str


async def contents(owner_dsn: str) -> Contents:
    """Reads the versions of a database. Raises NoTables, WrongRevision or DatabaseUnavailable, with advice."""
    try:
        connection = await connect(owner_dsn, name="pocketpay backup")
        try:
            session = Session(connection)
            await startup.check_version(session)
            revision = await revisions.current(session)
            if revision is None:
                raise await revisions.without_revision(session)
            return Contents(await session.fetchval("show server_version"), await _major(session), revision)
        finally:
            connection.terminate()
    except ServiceBusy as busy:
        raise unreachable(busy) from busy


async def require_empty(owner_dsn: str) -> int:
    """Returns PostgreSQL's major version. Raises DatabaseUnavailable when the database has tables or cannot be
    reached."""
    try:
        connection = await connect(owner_dsn, name="pocketpay restore")
        try:
            session = Session(connection)
            await startup.check_version(session)
            if not isinstance(await revisions.without_revision(session), NoTables):
                raise DatabaseUnavailable(
                    "The database has tables already, and a restore needs an empty one: create another database, or "
                    "drop this one and create it again."
                )
            return await _major(session)
        finally:
            connection.terminate()
    except ServiceBusy as busy:
        raise unreachable(busy) from busy


async def create_roles(owner_dsn: str, server_dsn: str) -> None:
    """Creates the roles that are missing in the cluster. Raises DatabaseUnavailable, with advice."""
    try:
        connection = await connect(owner_dsn, name="pocketpay restore")
        try:
            await roles.create_groups(connection, await roles.login_of(server_dsn))
        finally:
            connection.terminate()
    except ServiceBusy as busy:
        raise unreachable(busy) from busy


async def _major(session: Session) -> int:
    return int(await session.fetchval("show server_version_num")) // 10_000
