"""An export laid out in temporary tables of one connection: joined, compared with itself and with who is here.

Nothing of it outlives the connection. A million people are PostgreSQL's to sort, not ours to hold in memory.

Decision 13 gives the reasons.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from pocketpay.database.sessions import Connection, Record, connect
from pocketpay.errors import PocketPayError

UNHURRIED = {
    "default_transaction_isolation": "read committed",
    "statement_timeout": "0",
    "lock_timeout": "5000",
    "idle_in_transaction_session_timeout": "0",
    "transaction_timeout": "0",
    "timezone": "UTC",
}

ONE_AT_A_TIME = 7_064_738_212_003
"""The advisory lock's number: ours alone, and otherwise without meaning."""

TABLES = {
    "auth.users": "staged_users",
    "public.profiles": "staged_profiles",
    "public.wallets": "staged_wallets",
    "public.ledger_entries": "staged_entries",
}

_LAY_OUT = """
create temp table staged_users (part int, line bigint, id uuid, email text, phone text, encrypted_password text,
    username text, name text, avatar_url text, currency text, balance text, created_at text, metadata text,
    deleted_at text, banned_until text, is_anonymous text, email_confirmed_at text);
create temp table staged_profiles (part int, line bigint, id uuid, email text, phone text, username text, name text,
    avatar_url text, currency text, balance text);
create temp table staged_wallets (part int, line bigint, owner uuid, id text, currency text, balance text);
create temp table staged_entries (part int, line bigint, wallet text, amount text, currency text);
create temp table candidates (n bigint, part int, line bigint, id uuid, username text, email text, phone text);
create temp table sound (n bigint, id uuid, username text, name text, email text, phone text, avatar_url text,
    password_hash text, currency text, opening bigint, created_at timestamptz, email_verified_at timestamptz);
create temp table findings (part int, line bigint, severity text, field text, problem text, n bigint, shown text,
    suggestions text[]);
"""

_JOIN = """
create temp table joined as
select row_number() over (order by u.part, u.line) as n, u.part, u.line, u.id,
    coalesce(u.email, p.email) as email, coalesce(u.phone, p.phone) as phone, u.encrypted_password,
    coalesce(u.username, p.username) as username, coalesce(u.name, p.name) as name,
    coalesce(u.avatar_url, p.avatar_url) as avatar_url,
    coalesce(u.currency, p.currency, w.currency, e.currency) as currency, greatest(e.currencies, (
        select count(distinct upper(trim(c))) from unnest(array[u.currency, p.currency, w.currency, e.currency]) c
    ), 0) as currencies,
    coalesce(u.balance, p.balance) as balance, w.balance as wallet_balance,
    case when kept.entries then coalesce(e.total, '0') end as entries,
    coalesce(p.n, 0) as profiles, coalesce(w.n, 0) as wallets,
    u.created_at, u.metadata, u.deleted_at, u.banned_until, u.is_anonymous,
    case when u.email is not null then u.email_confirmed_at end as email_confirmed_at
from (select exists (select from staged_entries) as entries) kept
cross join staged_users u
left join (
    select id, count(*) as n, min(email) as email, min(phone) as phone, min(username) as username, min(name) as name,
        min(avatar_url) as avatar_url, min(currency) as currency, min(balance) as balance
    from staged_profiles group by id) p on p.id = u.id
left join (
    select owner, count(*) as n, min(currency) as currency, min(balance) as balance
    from staged_wallets group by owner) w on w.owner = u.id
left join (
    select w.owner, sum(e.amount::numeric)::text as total, min(e.currency) as currency,
        count(distinct upper(trim(e.currency))) as currencies
    from staged_entries e join staged_wallets w on w.id = e.wallet group by w.owner) e on e.owner = u.id
where not exists (select from imported_users i where i.supabase_id = u.id)
"""

IS_RETIRED = "exists (select from retired_usernames where fingerprint = sha256(convert_to({}, 'UTF8')))"
"""Whether that username was somebody's who has left: nobody is given it again."""

_NOBODYS = """
insert into findings (part, line, severity, field, problem)
select part, line, 'wrong', 'id', 'has no row in auth.users' from staged_profiles p
where not exists (select from staged_users u where u.id = p.id)
union all
select part, line, 'wrong', 'user_id', 'has no row in auth.users' from staged_wallets w
where not exists (select from staged_users u where u.id = w.owner)
union all
select min(part), min(line), 'wrong', 'wallet_id', 'is not a wallet in this export (' || count(*) || ' entries)'
from staged_entries e where not exists (select from staged_wallets w where w.id = e.wallet) group by wallet
"""

_TWICE = """
insert into findings (part, line, severity, field, problem, n, shown, suggestions)
select part, line, 'wrong', '{field}', 'is also in line ' || other, n, {shown}, {suggestions}
from (
    select *, coalesce(lag(line) over same, lead(line) over same) as other
    from candidates c where {key} is not null window same as (partition by {key} order by n)) c
where other is not null
"""

_TAKEN = """
insert into findings (part, line, severity, field, problem, n, shown, suggestions)
select c.part, c.line, 'wrong', '{field}', 'is taken by an existing user', n, {shown}, {suggestions}
from candidates c where {key} is not null and exists (select from users u where {theirs})
"""

_RETIRED = f"""
insert into findings (part, line, severity, field, problem, n, shown, suggestions)
select c.part, c.line, 'wrong', 'username', 'was the username of a closed account', n, '"' || username || '"',
    array[left(username, 25) || '_' || left(id::text, 4)]
from candidates c where {IS_RETIRED.format("c.username")}
"""

_ANOTHER = "array[left(username, 25) || '_' || left(id::text, 4)]"
_KEYS = {"username": "c.username", "email": "lower(c.email)", "phone": "c.phone"}
"""What must be one person's only, and in which form it is compared."""

_TELL = f"""
select part, line, severity, field, problem, shown, (
    select s from unnest(f.suggestions) with ordinality s(s, place)
    where not exists (select from users u where u.username = s)
      and not exists (select from candidates c where c.username = s) and not {IS_RETIRED.format("s")}
    order by place limit 1) as suggestion
from findings f order by part, line, severity desc, field collate "C", problem collate "C"
"""

_READY = """
select s.* from sound s
where n > $1 and not exists (select from findings f where f.n = s.n and f.severity = 'wrong') order by n limit $2
"""

_SUMS = """
select s.currency, count(*) as people, count(*) filter (where s.opening > 0) as openings,
    coalesce(sum(s.opening), 0)::text as total
from sound s where not exists (select from findings f where f.n = s.n and f.severity = 'wrong')
group by s.currency order by s.currency
"""

_COUNTS = """
select (select count(*) from staged_users) as read,
    (select count(*) from staged_users u
        where exists (select from imported_users i where i.supabase_id = u.id)) as here,
    (select count(distinct (part, line)) from findings where severity = 'wrong') as wrong,
    (select count(*) from findings where severity = 'note') as notes
"""


class CannotStage(PocketPayError):
    """The database does not let us lay an export out. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A person fit to be written. `opening` is in minor units of `currency`; `created_at` None for now."""

    n: int
    supabase_id: UUID
    username: str
    name: str
    email: str | None
    phone: str | None
    avatar_url: str | None
    password_hash: str
    currency: str
    opening: int
    created_at: datetime | None
    email_verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sum:
    """What moves in, in one currency: people, opening balances, and these together in minor units."""

    currency: str
    people: int
    openings: int
    total: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Lines of auth.users read, of people who are here already, lines with something wrong, and notes."""

    read: int
    here: int
    wrong: int
    notes: int


async def opened(dsn: str) -> Connection:
    """A connection of the import's own, with the tables laid out; only one import at a time has one.

    Raises ServiceBusy when the database does not answer, CannotStage with what to do.
    """
    connection = await connect(dsn, name="pocketpay import", settings=UNHURRIED, command_seconds=None)
    try:
        # A killed import's connection takes PostgreSQL a moment to notice; the lock goes with it.
        await connection.fetchval("select pg_advisory_lock($1)", ONE_AT_A_TIME)
        await connection.execute(_LAY_OUT)
    except BaseException as error:
        connection.terminate()
        if isinstance(error, asyncpg.LockNotAvailableError):
            raise CannotStage("Another import is running. Wait until it ends.") from None
        if isinstance(error, asyncpg.InsufficientPrivilegeError):
            raise CannotStage(
                "The login of DATABASE_URL cannot create temporary tables. Grant it TEMPORARY on the database."
            ) from None
        raise
    return connection


async def put(connection: Connection, table: str, records: Sequence[tuple[object, ...]]) -> None:
    """Adds rows to one of the temporary tables, in the order of its columns."""
    if records:
        await connection.copy_records_to_table(table, records=records, schema_name="pg_temp")


async def join(connection: Connection) -> int:
    """Joins what was staged, those left out who are here already; gives how many there are to judge."""
    await connection.execute("analyze staged_users, staged_profiles, staged_wallets, staged_entries")
    await connection.execute(_JOIN)
    await connection.execute("create unique index on joined (n)")
    await connection.execute(_NOBODYS)
    count: int = await connection.fetchval("select count(*) from joined")
    return count


async def clock(connection: Connection) -> datetime:
    """The time by the database."""
    now: datetime = await connection.fetchval("select clock_timestamp()")
    return now


async def page(connection: Connection, after: int, limit: int) -> list[Record]:
    """The next people to judge, each with all that the export says of them."""
    return await connection.fetch("select * from joined where n > $1 order by n limit $2", after, limit)


async def compare(connection: Connection) -> None:
    """Finds what two lines claim, and what somebody has who is here."""
    await connection.execute("create index on candidates (username)")
    await connection.execute("analyze candidates, sound")
    await connection.execute(_TWICE.format(field="id", key="c.id", shown="null", suggestions="null"))
    for field, key in _KEYS.items():
        suggestions = _ANOTHER if field == "username" else "null"
        names = {"field": field, "key": key, "shown": f"""'"' || {field} || '"'""", "suggestions": suggestions}
        await connection.execute(_TWICE.format(**names))
        theirs = f"u.{field} = {key}"
        if field == "email":  # one that nobody has verified keeps nobody from it
            theirs = f"lower(u.email) = {key} and u.email_verified_at is not null"
        await connection.execute(_TAKEN.format(theirs=theirs, **names))
    await connection.execute(_RETIRED)
    await connection.execute("create index on findings (n) where severity = 'wrong'")
    await connection.execute("create unique index on sound (n)")
    await connection.execute("analyze findings, sound")


async def tell(connection: Connection) -> AsyncIterator[Record]:
    """Every finding, file by file and line by line."""
    async with connection.transaction():
        async for row in connection.cursor(_TELL, prefetch=500):
            yield row


async def ready(connection: Connection, after: int, limit: int) -> list[Ready]:
    """The next people with nothing wrong about them."""
    return [Ready(*row) for row in await connection.fetch(_READY, after, limit)]


async def sums(connection: Connection) -> list[Sum]:
    """What moves in, by currency."""
    rows = await connection.fetch(_SUMS)
    return [Sum(row["currency"], row["people"], row["openings"], int(row["total"])) for row in rows]


async def counts(connection: Connection) -> Counts:
    row = await connection.fetchrow(_COUNTS)
    assert row is not None  # noqa: S101 - it is one of counts
    return Counts(*row)
