"""Loads an export into temporary tables of one connection, and joins it there.

The tables end with the connection. PostgreSQL sorts and joins a million people, so they are never in our memory.

Decision 13 gives the reasons.
"""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from pocketpay.database.sessions import Connection, Record, connect
from pocketpay.errors import PocketPayError

NO_TIMEOUTS = {
    "default_transaction_isolation": "read committed",
    "statement_timeout": "0",
    "lock_timeout": "5000",
    "idle_in_transaction_session_timeout": "0",
    "transaction_timeout": "0",
    "timezone": "UTC",
}

LOCK_ID = 7_064_738_212_003
"""The number of the advisory lock; an arbitrary number that nothing else uses."""

TABLES = {
    "auth.users": "staged_users",
    "public.profiles": "staged_profiles",
    "public.wallets": "staged_wallets",
    "public.ledger_entries": "staged_entries",
}

_CREATE_TABLES = """
create temp table staged_users (part int, line bigint, id uuid, email text, phone text, encrypted_password text,
    username text, name text, avatar_url text, currency text, balance text, balance_cents text, created_at text,
    metadata text, deleted_at text, banned_until text, is_anonymous text, email_confirmed_at text);
create temp table staged_profiles (part int, line bigint, id uuid, email text, phone text, username text, name text,
    avatar_url text, currency text, balance text, balance_cents text);
create temp table staged_wallets (part int, line bigint, owner uuid, id text, currency text, balance text,
    balance_cents text);
create temp table staged_entries (part int, line bigint, wallet text, amount text, currency text);
create temp table candidates (n bigint, part int, line bigint, id uuid, username text, email text, phone text,
    verified boolean);
create temp table importable (n bigint, id uuid, username text, name text, email text, phone text, avatar_url text,
    password_hash text, currency text, opening bigint, created_at timestamptz, email_verified_at timestamptz);
create temp table findings (part int, line bigint, severity text, field text, problem text, n bigint, shown text,
    suggestions text[], becomes text);
"""

_JOIN = """
create temp table joined as
select row_number() over (order by u.part, u.line) as n, u.part, u.line, u.id,
    coalesce(u.email, p.email) as email, u.phone, p.phone as profile_phone, u.encrypted_password,
    coalesce(u.username, p.username) as username, coalesce(u.name, p.name) as name,
    coalesce(u.avatar_url, p.avatar_url) as avatar_url,
    coalesce(u.currency, p.currency, w.currency, e.currency) as currency, greatest(e.currencies, (
        select count(distinct upper(trim(c))) from unnest(array[u.currency, p.currency, w.currency, e.currency]) c
    ), 0) as currencies,
    coalesce(u.balance, p.balance) as balance, coalesce(u.balance_cents, p.balance_cents) as balance_cents,
    w.balance as wallet_balance, w.balance_cents as wallet_balance_cents,
    case when kept.entries then coalesce(e.total, '0') end as entries,
    coalesce(p.n, 0) as profiles, coalesce(w.n, 0) as wallets,
    u.created_at, u.metadata, u.deleted_at, u.banned_until, u.is_anonymous,
    case when u.email is not null then u.email_confirmed_at end as email_confirmed_at
from (select exists (select from staged_entries) as entries) kept
cross join staged_users u
left join (
    select id, count(*) as n, min(email) as email, min(phone) as phone, min(username) as username, min(name) as name,
        min(avatar_url) as avatar_url, min(currency) as currency, min(balance) as balance,
        min(balance_cents) as balance_cents
    from staged_profiles group by id) p on p.id = u.id
left join (
    select owner, count(*) as n, min(currency) as currency, min(balance) as balance,
        min(balance_cents) as balance_cents
    from staged_wallets group by owner) w on w.owner = u.id
left join (
    select w.owner, sum(e.amount::numeric)::text as total, min(e.currency) as currency,
        count(distinct upper(trim(e.currency))) as currencies
    from staged_entries e join staged_wallets w on w.id = e.wallet group by w.owner) e on e.owner = u.id
where not exists (select from imported_users i where i.supabase_id = u.id)
"""

_WITHOUT_USER = """
insert into findings (part, line, severity, field, problem)
select part, line, 'wrong', 'id', 'this profile has no user in auth.users' from staged_profiles p
where not exists (select from staged_users u where u.id = p.id)
union all
select part, line, 'wrong', 'user_id', 'this wallet has no user in auth.users' from staged_wallets w
where not exists (select from staged_users u where u.id = w.owner)
union all
select min(part), min(line), 'wrong', 'wallet_id', 'this export has no such wallet (' || count(*) || ' entries)'
from staged_entries e where not exists (select from staged_wallets w where w.id = e.wallet) group by wallet
"""


_GRANT = "select format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), current_user)"
"""Returns the GRANT that is missing when PostgreSQL refuses temporary tables."""


class StagingRefused(PocketPayError):
    """The database does not allow the import to load the export. The message says what to do."""


async def open_connection(dsn: str) -> Connection:
    """Opens the connection of the import and creates its temporary tables. Only one import can run at a time.

    Raises ServiceBusy when the database does not answer, and StagingRefused.
    """
    connection = await connect(dsn, name="pocketpay import", settings=NO_TIMEOUTS, command_seconds=None)
    try:
        grant = await connection.fetchval(_GRANT)
        # PostgreSQL takes a moment to notice that the connection of a killed import is gone, and to free its lock.
        await connection.fetchval("select pg_advisory_lock($1)", LOCK_ID)
        await connection.execute(_CREATE_TABLES)
    except BaseException as error:
        connection.terminate()
        if isinstance(error, asyncpg.LockNotAvailableError):
            raise StagingRefused("Another import is running. Wait until it ends.") from None
        if isinstance(error, asyncpg.InsufficientPrivilegeError):
            raise StagingRefused(
                "The login of DATABASE_URL cannot create temporary tables. Ask an administrator to run "
                f"scripts/database-logins again, or: {grant};"
            ) from None
        raise
    return connection


async def put(connection: Connection, table: str, records: Sequence[tuple[object, ...]]) -> None:
    """Adds records to a temporary table. Their values are in the order of its columns."""
    if records:
        await connection.copy_records_to_table(table, records=records, schema_name="pg_temp")


async def join(connection: Connection) -> int:
    """Joins the loaded tables, without people who were imported before, and returns how many people to check."""
    await connection.execute("analyze staged_users, staged_profiles, staged_wallets, staged_entries")
    await connection.execute(_JOIN)
    await connection.execute("create unique index on joined (n)")
    await connection.execute(_WITHOUT_USER)
    count: int = await connection.fetchval("select count(*) from joined")
    return count


async def clock(connection: Connection) -> datetime:
    """Returns the time of the database's clock."""
    now: datetime = await connection.fetchval("select clock_timestamp()")
    return now


async def page(connection: Connection, after: int, limit: int) -> list[Record]:
    """Returns the next people to check, each with all their data in the export."""
    return await connection.fetch("select * from joined where n > $1 order by n limit $2", after, limit)
