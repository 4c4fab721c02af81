"""The checks of the database before a server starts: its settings are safe for money, and its revision is right."""

from pocketpay.database import revisions
from pocketpay.database.errors import DatabaseUnavailable, unreachable
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import TIMEOUTS, Session, connect

MIN_VERSION = 180_000
"""PostgreSQL 18, the version that the tests use."""

OWNS_TABLES = """
select exists (
    select from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace and pg_has_role(current_user, relowner, 'usage')
)"""


async def check(server_dsn: str) -> tuple[str, ...]:
    """Checks the database with the server's login. Returns warnings for the log.

    Raises DatabaseUnavailable or WrongRevision, with advice.
    """
    try:
        bare = await connect(server_dsn, name="pocketpay check", settings={})
        try:
            await _check_server(Session(bare))
        finally:
            bare.terminate()
        served = await connect(server_dsn, name="pocketpay check")
        try:
            session = Session(served)
            await _check_connection_settings(session)
            await revisions.check(session)
            return await _warnings(session)
        finally:
            served.terminate()
    except ServiceBusy as busy:
        raise unreachable(busy) from busy


async def check_version(session: Session) -> None:
    """Raises DatabaseUnavailable unless PostgreSQL is new enough."""
    if int(await session.fetchval("show server_version_num")) < MIN_VERSION:
        name = await session.fetchval("show server_version")
        raise DatabaseUnavailable(f"The database is PostgreSQL {name}: use 18 or newer.")


async def _check_server(session: Session) -> None:
    """Raises DatabaseUnavailable unless PostgreSQL is new enough, is the primary, and writes commits durably."""
    await check_version(session)
    if await session.fetchval("select pg_is_in_recovery()"):
        raise DatabaseUnavailable(
            "The database is a standby and does not accept writes. Set DATABASE_URL to the primary, or to all hosts "
            "with target_session_attrs=read-write."
        )
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        if await session.fetchval("select current_setting($1)", name) == "off":
            raise DatabaseUnavailable(
                f"The database has {name} = off, so a crash can lose committed payments. Set it to on."
            )
    standbys = await session.fetchval("select current_setting('synchronous_standby_names')")
    if standbys and await session.fetchval("select current_setting('synchronous_commit')") == "local":
        raise DatabaseUnavailable(
            "The database has synchronous_commit = local with synchronous_standby_names, so a failover can lose "
            "completed payments. Set synchronous_commit to on."
        )


async def _check_connection_settings(session: Session) -> None:
    """Raises DatabaseUnavailable when PostgreSQL did not receive our connection settings; a pooler may drop them."""
    rows = await session.fetch(
        "select lower(name) as name, setting from pg_settings where lower(name) = any($1)", [*TIMEOUTS]
    )
    found = {row["name"]: row["setting"] for row in rows}
    for name, wanted in TIMEOUTS.items():
        if found.get(name) != wanted:
            raise DatabaseUnavailable(
                f"The database answers with {name} {found.get(name)!r} where {wanted!r} was sent: "
                "let the pooler between pass connection settings on, or connect past it."
            )


async def _warnings(session: Session) -> tuple[str, ...]:
    warnings = []
    if (here := await revisions.current(session)) != revisions.expected():
        warnings.append(
            f"The database is at revision {here}, which is newer than this server ({revisions.expected()}) and still "
            "serves it. Upgrade this server."
        )
    if await session.fetchval(OWNS_TABLES):
        warnings.append(
            "The login of DATABASE_URL owns the tables, so only triggers prevent changes to ledger entries. Set "
            "DATABASE_OWNER_URL to the owner's login and DATABASE_URL to another one."
        )
    return tuple(warnings)
