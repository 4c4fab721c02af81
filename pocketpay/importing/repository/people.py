"""Writes many imported people at once, and finds the opening balances that are not posted yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from pocketpay.database.sessions import Connection, Session
from pocketpay.identity.errors import AlreadyExists
from pocketpay.importing.repository.verdicts import Ready
from pocketpay.money import Money


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person to be written, with their new ids. `opening_id` is None for a person without an opening balance."""

    ready: Ready
    user_id: UUID
    wallet_id: UUID
    opening_id: UUID | None


@dataclass(frozen=True, slots=True)
class Owed:
    """An opening balance that was recorded with its person and is not posted yet."""

    supabase_id: UUID
    wallet_id: UUID
    opening_id: UUID
    amount: Money


_WRITE = """
with clock as materialized (select clock_timestamp() as now),
new as materialized (
    select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::text[], $11::bigint[], $12::timestamptz[], $13::uuid[], $14::timestamptz[])
    u(user_id, wallet_id, supabase_id, username, name, email, phone, avatar_url, password_hash, currency, opening,
      created_at, opening_id, email_verified_at)),
accounts as (
    insert into ledger_accounts (id, kind, currency, posted, held, sequence, version, updated_at)
    select wallet_id, 'wallet', currency, 0, 0, 0, 0, now from new, clock),
new_wallets as (
    insert into wallets (id, account_kind, currency, status, created_at, updated_at)
    select wallet_id, 'wallet', currency, 'active', now, now from new, clock),
people as (
    insert into users (id, username, name, email, phone, avatar_url, password_hash, role, wallet_id, created_at,
        updated_at, email_verified_at)
    select user_id, username, name, email, phone, avatar_url, password_hash, 'member', wallet_id,
        coalesce(created_at, now), now, email_verified_at from new, clock)
insert into imported_users (supabase_id, user_id, opening_id, opening_amount, imported_at)
select supabase_id, user_id, opening_id, opening, now from new, clock
"""

_OWED = """
select i.supabase_id, u.wallet_id, i.opening_id, i.opening_amount, w.currency
from imported_users i join users u on u.id = i.user_id join wallets w on w.id = u.wallet_id
where i.opening_id is not null and i.supabase_id > $1 and w.status <> 'closed'
  and not exists (select from transactions t where t.id = i.opening_id)
order by i.supabase_id limit $2
"""


_IS_OWED = """
select exists(
    select from imported_users i join users u on u.id = i.user_id
    where u.wallet_id = $1 and i.opening_id is not null
      and not exists (select from transactions t where t.id = i.opening_id))
"""


async def write(session: Session, new_people: Sequence[NewPerson]) -> None:
    """Inserts accounts, wallets, users and their records in imported_users. Idempotent for the same ids.

    Raises AlreadyExists when a username, an address or a number was taken meanwhile; the unit of work cannot be used
    then.
    """
    if await session.fetchval("select exists(select from users where id = $1)", new_people[0].user_id):
        return  # an earlier try of this call committed all of it, and its reply was lost
    people = [person.ready for person in new_people]
    try:
        await session.execute(
            _WRITE,
            [person.user_id for person in new_people],
            [person.wallet_id for person in new_people],
            [one.supabase_id for one in people],
            [one.username for one in people],
            [one.name for one in people],
            [one.email for one in people],
            [one.phone for one in people],
            [one.avatar_url for one in people],
            [one.password_hash for one in people],
            [one.currency for one in people],
            [one.opening for one in people],
            [one.created_at for one in people],
            [person.opening_id for person in new_people],
            [one.email_verified_at for one in people],
        )
    except asyncpg.UniqueViolationError as violation:
        raise AlreadyExists(violation.constraint_name) from violation


async def is_owed(session: Session, wallet_id: UUID) -> bool:
    """Whether the wallet has an opening balance that is not posted yet."""
    found: bool = await session.fetchval(_IS_OWED, wallet_id)
    return found


async def owed(connection: Connection, after: UUID, limit: int) -> list[Owed]:
    """Returns up to `limit` opening balances that are not posted yet, by Supabase id, after the id `after`."""
    rows = await connection.fetch(_OWED, after, limit)
    return [Owed(row[0], row[1], row[2], Money(row[3], row[4])) for row in rows]
