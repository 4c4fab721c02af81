"""The checks of the database before a server starts: its settings are safe for money, and its revision is right."""

from collections.abc import Mapping

from pocketpay.database import clocks, connection_count, grants, poolers, revisions
from pocketpay.database.connecting import TIMEOUTS
from pocketpay.database.errors import DatabaseUnavailable, unreachable
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Session, connect

MIN_VERSION = 180_000
"""PostgreSQL 18, the version that the tests use."""

OWNS_TABLES = """
select exists (
    select from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace and pg_has_role(current_user, relowner, 'usage')
)"""


async def check(server_dsn: str, *, clearing: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Checks the database with the server's login. Returns warnings for the log.

    `clearing` has the settings that the clearing's connections need in addition to TIMEOUTS. A command passes None:
    it has no clearing, and uses one connection at a time.

    Raises DatabaseUnavailable or WrongRevision, with advice.
    """
    settings = {**TIMEOUTS, **(clearing or {})}
    try:
        bare = await connect(server_dsn, name="pocketpay check", settings={})
        try:
            await _check_server(Session(bare))
        finally:
            bare.terminate()
        if clearing is not None:
            await poolers.check(server_dsn)
        served = await connect(server_dsn, name="pocketpay check", settings=settings)
        try:
            session = Session(served)
            await _check_connection_settings(session, settings)
            await grants.check(session)
            return await _warnings(session)
        finally:
            served.terminate()
    except ServiceBusy as busy:
        raise unreachable(busy) from busy


async def plan_connections(server_dsn: str, processes: int, *, sends_mail: bool) -> connection_count.Plan:
    """Divides the connections that the database allows among the processes. Raises DatabaseUnavailable."""
    try:
        connection = await connect(server_dsn, name="pocketpay check")
    except ServiceBusy as busy:
        raise unreachable(busy) from busy
    try:
        return await connection_count.plan(Session(connection), processes, sends_mail=sends_mail)
    finally:
        connection.terminate()


async def check_version(session: Session) -> None:
    """Raises DatabaseUnavailable unless PostgreSQL is new enough."""
    if int(await session.fetchval("show server_version_num")) < MIN_VERSION:
        name = await session.fetchval("show server_version")
        raise DatabaseUnavailable(f"The database is PostgreSQL {name}: use 18 or newer.")


async def _check_server(session: Session) -> None:
    """Raises DatabaseUnavailable unless PostgreSQL is new enough and writes commits durably."""
    await check_version(session)
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


async def _check_connection_settings(session: Session, settings: Mapping[str, str]) -> None:
    """Raises DatabaseUnavailable when PostgreSQL did not receive our connection settings; a pooler may drop them."""
    rows = await session.fetch(
        "select lower(name) as name, setting from pg_settings where lower(name) = any($1)", [*settings]
    )
    found = {row["name"]: row["setting"] for row in rows}
    for name, wanted in settings.items():
        if found.get(name) != wanted:
            raise DatabaseUnavailable(
                f"The database answers with {name} {found.get(name)!r} where {wanted!r} was set: "
                "let the pooler keep the settings of a session, or connect to PostgreSQL itself."
            )


async def _warnings(session: Session) -> tuple[str, ...]:
    warnings = []
    if (here := await revisions.current(session)) != revisions.expected():
        warnings.append(
            f"The database is at revision {here}, which is newer than this server ({revisions.expected()}) and "
            "still supports it. Upgrade this server."
        )
    if await session.fetchval(OWNS_TABLES):
        warnings.append(
            "The login of DATABASE_URL owns the tables, so only triggers prevent changes to ledger entries. Set "
            "DATABASE_OWNER_URL to the owner's login and DATABASE_URL to another one."
        )
    difference = clocks.difference(await clocks.seconds_ahead(session))
    if difference is not None:
        warnings.append(
            f"The clock of this machine is {difference}, so tokens and links expire at the wrong time. "
            "Synchronize both clocks."
        )
    return tuple(warnings)
