"""Welcome mails: finds the users who need one, and records those who were sent one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pocketpay.database.sessions import Connection, Session
from pocketpay.identity.passwords import NO_PASSWORD

_WELCOME = """
from imported_users i join users u on u.id = i.user_id
where i.user_id > $1 and u.password_hash = $2 and u.email_verified_at is not null and u.closed_at is null
  and not exists (select from welcome_mails w where w.user_id = u.id)
"""
_NEXT = f"select u.id, u.username, u.email {_WELCOME} order by i.user_id limit $3"
_COUNT = f"select count(*) {_WELCOME}"
_MARK = """
with newcomers as materialized (
    select id from users where id = any($1::uuid[]) and password_hash = $2 and closed_at is null
    order by id for no key update)
insert into welcome_mails (user_id, made_at) select id, clock_timestamp() from newcomers
on conflict (user_id) do nothing returning user_id
"""
"""Locks the users, so that a user who sets a password at the same time is sent no mail. Setting a password ends all
challenges."""

START = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A user who was imported without a password and has a verified address."""

    user_id: UUID
    username: str
    email: str


async def next_newcomers(connection: Connection, after: UUID, limit: int) -> list[Newcomer]:
    """Returns up to `limit` users who need a welcome mail, by user id, after the id `after`."""
    return [Newcomer(*row) for row in await connection.fetch(_NEXT, after, NO_PASSWORD, limit)]


async def count(connection: Connection) -> int:
    """Returns how many users need a welcome mail."""
    number: int = await connection.fetchval(_COUNT, START, NO_PASSWORD)
    return number


async def mark(session: Session, user_ids: Sequence[UUID]) -> tuple[set[UUID], datetime]:
    """Records a welcome mail for each user; returns the ids of those without an earlier record, and the time."""
    rows = await session.fetch(_MARK, list(user_ids), NO_PASSWORD)
    now: datetime = await session.fetchval("select clock_timestamp()")
    return {row["user_id"] for row in rows}, now
