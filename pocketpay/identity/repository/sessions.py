"""Sessions and their refresh tokens.

A session lives until it is ended, or unused for `idle`, or `whole` after it began, whichever comes first. Whoever
changes several sessions of a user holds that user's row (`people.lock_open`), so that they take turns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pocketpay.database.sessions import Record
from pocketpay.database.sessions import Session as Connected
from pocketpay.identity.session import Lifetime, Session
from pocketpay.updates.signals import CHANNEL, Signal, payloads

MOST_SESSIONS = 50
"""A user's at once; a new one beyond that ends the oldest."""

LIVE = "revoked_at is null and expires_at > clock_timestamp()"


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose a session is, and whether it lives and its user has not closed."""

    user_id: UUID
    wallet_id: UUID
    live: bool


@dataclass(frozen=True, slots=True)
class Generation:
    """A refresh token's place in its family, read with the session's row locked."""

    session_id: UUID
    user_id: UUID
    wallet_id: UUID
    live: bool
    expires_at: datetime
    used: bool
    used_just_now: bool
    successor_used: bool


_OPEN = """
with clock as materialized (select clock_timestamp() as now),
opened as (
    insert into sessions (id, user_id, user_agent, created_at, last_used_at, expires_at)
    select $1, $2, $3, now, now, now + least($5::interval, $6::interval) from clock
    on conflict (id) do nothing),
kept as (
    insert into refresh_tokens (hash, session_id, issued_at) select $4, $1, now from clock on conflict do nothing)
select now + least($5::interval, $6::interval) from clock
"""
_BEYOND = f"""
select id from sessions where user_id = $1 and {LIVE} order by created_at desc, id desc offset {MOST_SESSIONS}
"""
_END = f"""
update sessions set revoked_at = clock_timestamp() where id = any($1::uuid[]) and user_id = $2 and {LIVE} returning id
"""
_LIVE = f"""
select id, created_at, last_used_at, expires_at, user_agent from sessions
where user_id = $1 and {LIVE} order by created_at desc, id desc
"""
_LIVE_OF_USERS = f"""
select user_id, id, created_at, last_used_at, expires_at, user_agent from sessions
where user_id = any($1::uuid[]) and {LIVE} order by user_id, created_at desc, id desc
"""
_STANDINGS = """
select s.id, s.user_id, u.wallet_id,
       s.revoked_at is null and s.expires_at > clock_timestamp() and u.closed_at is null as live
from sessions s join users u on u.id = s.user_id where s.id = any($1::uuid[])
"""
_LOCK_FAMILY = """
select s.id from refresh_tokens r join sessions s on s.id = r.session_id where r.hash = $1 for no key update of s
"""
_GENERATION = """
select s.id as session_id, s.user_id, u.wallet_id,
       s.revoked_at is null and s.expires_at > clock_timestamp() and u.closed_at is null as live,
       s.expires_at, r.used_at is not null as used,
       coalesce(r.used_at >= clock_timestamp() - $3::interval, false) as used_just_now,
       coalesce(next.used_at is not null, false) as successor_used
from refresh_tokens r
join sessions s on s.id = r.session_id
join users u on u.id = s.user_id
left join refresh_tokens next on next.hash = $2
where r.hash = $1
"""
_ROTATE = """
with clock as materialized (select clock_timestamp() as now),
used as (update refresh_tokens set used_at = now from clock where hash = $1),
fresh as (insert into refresh_tokens (hash, session_id, issued_at) select $2, $3, now from clock)
update sessions set last_used_at = now, expires_at = least(created_at + $4::interval, now + $5::interval)
from clock where id = $3 returning expires_at
"""
_ENDED_LONG_AGO = """
select id from sessions where least(revoked_at, expires_at) < clock_timestamp() - $1::interval
order by least(revoked_at, expires_at) limit $2
"""
_SWEEP_TOKENS = """
delete from refresh_tokens where hash in (
    select hash from refresh_tokens where session_id = any($1::uuid[]) limit $2 for update skip locked)
"""
_SWEEP_SESSIONS = """
delete from sessions where id = any($1::uuid[]) and not exists (
    select from refresh_tokens where session_id = sessions.id)
"""


async def open_session(
    session: Connected,
    *,
    session_id: UUID,
    user_id: UUID,
    user_agent: str | None,
    token_hash: bytes,
    lifetime: Lifetime,
) -> datetime:
    """Writes a session with its first refresh token and gives when it expires. The same id again changes nothing."""
    expires_at: datetime = await session.fetchval(
        _OPEN, session_id, user_id, user_agent, token_hash, lifetime.whole, lifetime.idle
    )
    return expires_at


async def beyond_the_most(session: Connected, user_id: UUID) -> list[UUID]:
    """The user's oldest live sessions past the fifty newest."""
    return [row["id"] for row in await session.fetch(_BEYOND, user_id)]


async def end(session: Connected, user_id: UUID, session_ids: Sequence[UUID]) -> list[UUID]:
    """Ends those of the sessions that are the user's and live, tells every server on commit, and gives their ids."""
    ended = [row["id"] for row in await session.fetch(_END, session_ids, user_id)]
    if ended:
        await session.execute(
            "select pg_notify($1, told) from unnest($2::text[]) told", CHANNEL, payloads(Signal(sessions=ended))
        )
    return ended


async def live(session: Connected, user_id: UUID) -> list[Session]:
    """The user's live sessions, the newest first."""
    return [Session(*row) for row in await session.fetch(_LIVE, user_id)]


async def live_of_users(session: Connected, user_ids: Sequence[UUID]) -> dict[UUID, list[Session]]:
    """The live sessions of each of those users, the newest first; whoever has none is not in the answer."""
    found: dict[UUID, list[Session]] = {}
    for user_id, *columns in await session.fetch(_LIVE_OF_USERS, user_ids):
        found.setdefault(user_id, []).append(Session(*columns))
    return found


async def is_of(session: Connected, user_id: UUID, session_id: UUID) -> bool:
    """Whether that session is, or was, the user's."""
    found = await session.fetchval("select 1 from sessions where id = $1 and user_id = $2", session_id, user_id)
    return found is not None


async def standings(session: Connected, session_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """Whose sessions those are and whether they live, by id; without those that are none."""
    rows = await session.fetch(_STANDINGS, session_ids)
    return {row["id"]: Standing(row["user_id"], row["wallet_id"], row["live"]) for row in rows}


async def lock_generation(
    session: Connected, token_hash: bytes, successor_hash: bytes, *, grace: timedelta
) -> Generation | None:
    """Locks the session of that refresh token and reads where the token stands; None when it is nobody's.

    Read after the lock: of two refreshes at once the second must see what the first has done.
    """
    if await session.fetchval(_LOCK_FAMILY, token_hash) is None:
        return None
    row: Record | None = await session.fetchrow(_GENERATION, token_hash, successor_hash, grace)
    return None if row is None else Generation(*row)


async def rotate(
    session: Connected, generation: Generation, token_hash: bytes, successor_hash: bytes, *, lifetime: Lifetime
) -> datetime:
    """Marks the token used, writes its successor, and gives when the session expires now."""
    expires_at: datetime = await session.fetchval(
        _ROTATE, token_hash, successor_hash, generation.session_id, lifetime.whole, lifetime.idle
    )
    return expires_at


async def sweep(session: Connected, *, after: timedelta, most_sessions: int, most_tokens: int) -> int:
    """Deletes sessions that ended that long ago, their tokens first, and gives how many of both.

    A session may have left thousands of tokens, so those have a bound of their own; a session goes with its last.
    """
    ended = [row["id"] for row in await session.fetch(_ENDED_LONG_AGO, after, most_sessions)]
    if not ended:
        return 0
    tokens = await session.execute(_SWEEP_TOKENS, ended, most_tokens)
    return _count(tokens) + _count(await session.execute(_SWEEP_SESSIONS, ended))


def _count(command_tag: str) -> int:
    return int(command_tag.split()[-1])
