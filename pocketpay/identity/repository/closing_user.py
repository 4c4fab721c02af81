"""Closing users: reads their password hashes, deletes their personal data and ends their sessions."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.identity.closing_user import NAME, ClosingUser
from pocketpay.identity.passwords import NO_PASSWORD
from pocketpay.mail import repository as mails

_HASHES = """
select id, password_hash from users where id = any($1::uuid[]) and closed_at is null order by id for no key update
"""

_CLOSE = """
with gone as materialized (
    select u.id, u.username as was, l.username
    from unnest($2::uuid[], $3::text[]) l(id, username)
    join users u on u.id = l.id where u.closed_at is null),
retired as (
    insert into retired_usernames (fingerprint, retired_at)
    select sha256(convert_to(was, 'UTF8')), $1 from gone on conflict do nothing),
emails as (
    insert into welcomed_emails (fingerprint, welcomed_at)
    select l.email, $1 from unnest($6::uuid[], $7::bytea[]) l(id, email) join gone on gone.id = l.id
    order by l.email on conflict do nothing),
people as (
    update users u
    set username = gone.username, name = $4, email = null, phone = null, avatar_url = null, password_hash = $5,
        role = 'member', updated_at = $1, closed_at = $1
    from gone where u.id = gone.id),
challenges as (
    delete from one_time_challenges challenge using gone where challenge.user_id = gone.id),
addresses as (
    delete from known_addresses known using gone where known.user_id = gone.id)
update sessions s
set user_agent = null, revoked_at = case when s.revoked_at is null and s.expires_at > $1 then $1 else s.revoked_at end
from gone where s.user_id = gone.id
returning s.id, s.revoked_at = $1 as ended
"""
"""The user agents of sessions that ended before are deleted too."""

_ENDED = """
select s.id from sessions s join users u on u.id = s.user_id where u.id = $1 and s.revoked_at = u.closed_at
"""


async def hashes(session: Session, user_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Locks the rows of the open users among these ids, and returns their password hashes by user id."""
    rows = await session.fetch(_HASHES, list(user_ids))
    return {row["id"]: row["password_hash"] for row in rows}


async def close(session: Session, now: datetime, closing_users: Sequence[ClosingUser]) -> list[UUID]:
    """Closes the users at `now`. Returns the ids of the sessions that this ended; the caller notifies the servers."""
    rows = await session.fetch(
        _CLOSE,
        now,
        [one.user_id for one in closing_users],
        [one.username for one in closing_users],
        NAME,
        NO_PASSWORD,
        [one.user_id for one in closing_users for _ in one.emails],
        [email for one in closing_users for email in one.emails],
    )
    await mails.delete_for(session, [one.user_id for one in closing_users])
    return [row["id"] for row in rows if row["ended"]]


async def ended_by_closing(session: Session, user_id: UUID) -> list[UUID]:
    """The ids of the sessions that ended when the user was closed; empty while the user is open."""
    return [row["id"] for row in await session.fetch(_ENDED, user_id)]
