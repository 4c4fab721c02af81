"""Sessions and their refresh tokens.

A session is live until it is ended, or is not refreshed for `idle`, or is older than `whole`, whichever comes first.
Callers that change several sessions of a user lock the user's row (`people.lock_open`), so that they take turns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pocketpay.database.sessions import Record
from pocketpay.database.sessions import Session as Connected
from pocketpay.identity.session import Lifetime, Session
from pocketpay.updates.signals import CHANNEL, Signal, payloads

MAX_SESSIONS = 50
"""Live sessions of one user. A new one beyond that ends the oldest."""

LIVE = "revoked_at is null and expires_at > clock_timestamp()"


@dataclass(frozen=True, slots=True)
class Standing:
    """The user and wallet of a session. It is `live` when it has not ended and its user is open."""

    user_id: UUID
    wallet_id: UUID
    live: bool


@dataclass(frozen=True, slots=True)
class Generation:
    """The state of a refresh token and its session, read with the session's row locked."""

    session_id: UUID
    user_id: UUID
    wallet_id: UUID
    live: bool
    expires_at: datetime
    used: bool
    used_just_now: bool
    successor_hash: bytes | None
    """The stored hash of the successor; None when none of the given hashes is stored."""
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
select id from sessions where user_id = $1 and {LIVE} order by created_at desc, id desc offset {MAX_SESSIONS}
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
       next.hash as successor_hash, coalesce(next.used_at is not null, false) as successor_used
from refresh_tokens r
join sessions s on s.id = r.session_id
join users u on u.id = s.user_id
left join refresh_tokens next on next.hash = any($2::bytea[])
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
select id from sessions where least(revoked_at, expires_at) < (select clock_timestamp()) - $1::interval
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
    """Inserts a session with its first refresh token and returns when it expires. Idempotent for the same id."""
    expires_at: datetime = await session.fetchval(
        _OPEN, session_id, user_id, user_agent, token_hash, lifetime.whole, lifetime.idle
    )
    return expires_at


async def beyond_limit(session: Connected, user_id: UUID) -> list[UUID]:
    """The ids of the user's live sessions beyond the fifty newest."""
    return [row["id"] for row in await session.fetch(_BEYOND, user_id)]


async def end(session: Connected, user_id: UUID, session_ids: Sequence[UUID]) -> list[UUID]:
    """Ends the live sessions of the user among these ids and returns the ids of the ended ones.

    Every server is notified at commit.
    """
    ended = [row["id"] for row in await session.fetch(_END, session_ids, user_id)]
    if ended:
        await session.execute(
            "select pg_notify($1, payload) from unnest($2::text[]) payload", CHANNEL, payloads(Signal(sessions=ended))
        )
    return ended


async def live(session: Connected, user_id: UUID) -> list[Session]:
    """The user's live sessions, newest first."""
    return [Session(*row) for row in await session.fetch(_LIVE, user_id)]


async def live_of_users(session: Connected, user_ids: Sequence[UUID]) -> dict[UUID, list[Session]]:
    """The live sessions of these users, by user id, newest first. Users without one are left out."""
    found: dict[UUID, list[Session]] = {}
    for user_id, *columns in await session.fetch(_LIVE_OF_USERS, user_ids):
        found.setdefault(user_id, []).append(Session(*columns))
    return found


async def is_of(session: Connected, user_id: UUID, session_id: UUID) -> bool:
    """Whether the session belongs to the user. It may have ended."""
    found = await session.fetchval("select 1 from sessions where id = $1 and user_id = $2", session_id, user_id)
    return found is not None


async def standings(session: Connected, session_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """The users and wallets of these sessions, and whether they are live, by id. Unknown ids are left out."""
    rows = await session.fetch(_STANDINGS, session_ids)
    return {row["id"]: Standing(row["user_id"], row["wallet_id"], row["live"]) for row in rows}


async def lock_generation(
    session: Connected, token_hash: bytes, successor_hashes: Sequence[bytes], *, grace: timedelta
) -> Generation | None:
    """Locks the session of a refresh token and returns the token's state, or None for an unknown token.

    The state is read after the lock: of two refreshes at once, the second must see the result of the first.
    """
    if await session.fetchval(_LOCK_FAMILY, token_hash) is None:
        return None
    row: Record | None = await session.fetchrow(_GENERATION, token_hash, successor_hashes, grace)
    return None if row is None else Generation(*row)


async def rotate(
    session: Connected, generation: Generation, token_hash: bytes, successor_hash: bytes, *, lifetime: Lifetime
) -> datetime:
    """Marks the token as used, inserts its successor, and returns the session's new expiry."""
    expires_at: datetime = await session.fetchval(
        _ROTATE, token_hash, successor_hash, generation.session_id, lifetime.whole, lifetime.idle
    )
    return expires_at


async def sweep(session: Connected, *, after: timedelta, max_sessions: int, max_tokens: int) -> int:
    """Deletes sessions that ended more than `after` ago, their tokens first, and returns how many of both in total.

    A session may have thousands of tokens, so tokens have a limit of their own. A session is deleted with its last
    token.
    """
    ended = [row["id"] for row in await session.fetch(_ENDED_LONG_AGO, after, max_sessions)]
    if not ended:
        return 0
    tokens = await session.execute(_SWEEP_TOKENS, ended, max_tokens)
    return _count(tokens) + _count(await session.execute(_SWEEP_SESSIONS, ended))


def _count(command_tag: str) -> int:
    return int(command_tag.split()[-1])
