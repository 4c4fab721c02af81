"""What a server asks of its database before it serves: that it can be trusted with money, and is the one expected."""

from pocketpay.database import revisions
from pocketpay.database.errors import DatabaseUnavailable, unreachable
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import TIMEOUTS, Session, connect

OLDEST = 180_000
"""PostgreSQL 18: what the tests prove is what production runs."""

OWNS_TABLES = """
select exists (
    select from pg_class
    where relkind = 'r' and relnamespace = 'public'::regnamespace and pg_has_role(current_user, relowner, 'usage')
)"""


async def check(server_dsn: str) -> tuple[str, ...]:
    """Looks at the database as the server will see it; gives sentences of warning for the log.

    Raises DatabaseUnavailable or WrongRevision, one sentence that says what to do.
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


async def _check_server(session: Session) -> None:
    """The server itself: new enough, the primary, and writing what it says it has written."""
    version = int(await session.fetchval("show server_version_num"))
    if version < OLDEST:
        name = await session.fetchval("show server_version")
        raise DatabaseUnavailable(f"The database is PostgreSQL {name}: use 18 or newer.")
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
    """What we send with each connection arrived; a pooler between may have dropped it."""
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
    if not await session.fetchval(OWNS_TABLES):
        return ()
    return (
        "The login of DATABASE_URL owns the tables, so only triggers prevent changes to ledger entries. Set "
        "DATABASE_OWNER_URL to the owner's login and DATABASE_URL to another one.",
    )
