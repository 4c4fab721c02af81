"""Reads the results of the dry run: the findings, the people who can be imported, and their sums."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pocketpay.database.sessions import Connection, Record
from pocketpay.identity.passwords import NO_PASSWORD
from pocketpay.importing.repository.comparison import IS_RETIRED

_FINDINGS = f"""
select part, line, severity, field, problem, shown, becomes, (
    select s from unnest(f.suggestions) with ordinality s(s, place)
    where not exists (select from users u where u.username = s)
      and not exists (select from candidates c where c.username = s) and not {IS_RETIRED.format("s")}
    order by place limit 1) as suggestion
from findings f order by part, line, severity desc, field collate "C", problem collate "C"
"""

_READY = """
select s.* from importable s
where n > $1 and not exists (select from findings f where f.n = s.n and f.severity = 'wrong') order by n limit $2
"""

_SUMS = """
select s.currency, count(*) as people, count(*) filter (where s.opening > 0) as openings,
    coalesce(sum(s.opening), 0)::text as total
from importable s where not exists (select from findings f where f.n = s.n and f.severity = 'wrong')
group by s.currency order by s.currency
"""

_COUNTS = """
select (select count(*) from staged_users) as read,
    (select count(*) from staged_users u
        where exists (select from imported_users i where i.supabase_id = u.id)) as here,
    (select count(*) from importable s where email is not null and email_verified_at is null
        and not exists (select from findings f where f.n = s.n and f.severity = 'wrong')) as unverified,
    (select count(*) from importable s where password_hash = $1 and email_verified_at is not null
        and not exists (select from findings f where f.n = s.n and f.severity = 'wrong')) as first_passwords,
    (select count(distinct (part, line)) from findings where severity = 'wrong') as wrong,
    (select count(*) from findings where severity = 'note') as notes
"""


@dataclass(frozen=True, slots=True)
class Ready:
    """A person who can be imported. `opening` is in minor units of `currency`; a `created_at` of None means now."""

    n: int
    supabase_id: UUID
    username: str
    name: str
    email: str | None
    phone: str | None
    avatar_url: str | None
    password_hash: str = field(repr=False)
    currency: str
    opening: int
    created_at: datetime | None
    email_verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sum:
    """The people who can be imported in one currency: the number of people, the number of opening balances, and the
    total of these in minor units."""

    currency: str
    people: int
    openings: int
    total: int


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of the dry run.

    read              lines of auth.users
    here              people who were imported before
    unverified        people who can be imported, with an email address that is not confirmed
    first_passwords   people who can be imported, with a confirmed address and without a password
    wrong             lines with an error
    notes             notes
    """

    read: int
    here: int
    unverified: int
    first_passwords: int
    wrong: int
    notes: int


async def findings(connection: Connection) -> AsyncIterator[Record]:
    """Yields every finding, file by file and line by line."""
    async with connection.transaction():
        async for row in connection.cursor(_FINDINGS, prefetch=500):
            yield row


async def ready(connection: Connection, after: int, limit: int) -> list[Ready]:
    """Returns the next people without an error."""
    return [Ready(*row) for row in await connection.fetch(_READY, after, limit)]


async def sums(connection: Connection) -> list[Sum]:
    """Returns the sums of the people who can be imported, by currency."""
    rows = await connection.fetch(_SUMS)
    return [Sum(row["currency"], row["people"], row["openings"], int(row["total"])) for row in rows]


async def counts(connection: Connection) -> Counts:
    row = await connection.fetchrow(_COUNTS, NO_PASSWORD)
    assert row is not None  # noqa: S101 - a select without from has one row
    return Counts(*row)
