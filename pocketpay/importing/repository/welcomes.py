"""Welcome mails: who is still to be sent one, and who was."""

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
"""Locked: whoever sets a password meanwhile ends all challenges, and is sent no other one then."""

START = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who moved in without a password, and whose address is verified."""

    user_id: UUID
    username: str
    email: str


async def next_newcomers(connection: Connection, after: UUID, limit: int) -> list[Newcomer]:
    """Who is still to be sent a welcome mail, by their ids."""
    return [Newcomer(*row) for row in await connection.fetch(_NEXT, after, NO_PASSWORD, limit)]


async def count(connection: Connection) -> int:
    """How many are still to be sent one."""
    number: int = await connection.fetchval(_COUNT, START, NO_PASSWORD)
    return number


async def mark(session: Session, user_ids: Sequence[UUID]) -> tuple[set[UUID], datetime]:
    """Records a welcome mail for each of them; returns those who had no record yet, and the time."""
    rows = await session.fetch(_MARK, list(user_ids), NO_PASSWORD)
    now: datetime = await session.fetchval("select clock_timestamp()")
    return {row["user_id"] for row in rows}, now
