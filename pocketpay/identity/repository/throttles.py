"""The counters that all servers share. Bucket names are opaque. The table is unlogged, so a crash empties it.

claim_rate       counts one more event within a fixed window
claim_attempt    counts a failure *before* the attempt; a success removes it. So a hundred guesses at once are all
                 counted before they are made
"""

from datetime import timedelta

from pocketpay.database.sessions import Session

_OVER = """
(t.expires_at <= excluded.window_started_at or t.expires_at > excluded.expires_at + interval '5 seconds')"""
"""Whether the stored counter is invalid: it has expired, or it ends later than any counter of now can, because it was
written by a clock that was ahead (decision 27)."""

_CLAIM_RATE = f"""
insert into throttles as t (bucket, hits, window_started_at, expires_at)
select $1, 1, now, now + $3::interval from (select clock_timestamp() as now) clock
on conflict (bucket) do update set
    hits = case when {_OVER} then 1 else least(t.hits, $2) + 1 end,
    window_started_at = case when {_OVER} then excluded.window_started_at else t.window_started_at end,
    expires_at = case when {_OVER} then excluded.expires_at else t.expires_at end
returning case when hits > $2 then greatest(1, ceil(extract(epoch from expires_at - clock_timestamp())))::int end
"""
_CLAIM_ATTEMPT = f"""
insert into throttles as t (bucket, hits, window_started_at, expires_at)
select $1, 1, now, now + $2::interval from (select clock_timestamp() as now) clock
on conflict (bucket) do update set
    hits = case when {_OVER} then 1 else t.hits + 1 end,
    window_started_at = excluded.window_started_at,
    blocked_until = case when not {_OVER} and t.hits + 1 >= $3
        then excluded.window_started_at
             + least($4::float8, 2 ^ least(t.hits + 1 - $3, 30)::float8) * interval '1 second' end,
    expires_at = excluded.expires_at
where t.blocked_until is null or t.blocked_until <= excluded.window_started_at or {_OVER}
returning hits
"""
_BLOCKED_FOR = """
select greatest(1, ceil(extract(epoch from blocked_until - clock_timestamp())))::int from throttles where bucket = $1
"""


async def claim_rate(session: Session, bucket: str, *, limit: int, window: timedelta) -> int | None:
    """Counts one more event in the bucket's window. Returns None, or the seconds until the window ends when the limit
    is exceeded."""
    seconds: int | None = await session.fetchval(_CLAIM_RATE, bucket, limit, window)
    return seconds


async def claim_attempt(
    session: Session, bucket: str, *, free: int, longest_wait_seconds: int, memory: timedelta
) -> int | None:
    """Counts an attempt as failed and returns None; during a wait, counts nothing and returns the seconds left.

    Failures add up while each is within `memory` of the one before. Failure number `free` is followed by a wait of
    1 s, and each later one by a wait twice as long, up to `longest_wait_seconds`.
    """
    counted = await session.fetchval(_CLAIM_ATTEMPT, bucket, memory, free, float(longest_wait_seconds))
    if counted is not None:
        return None
    return await session.fetchval(_BLOCKED_FOR, bucket) or 1


async def undo_attempt(session: Session, bucket: str) -> None:
    """Removes an attempt whose password could not be verified."""
    await session.execute("update throttles set hits = hits - 1, blocked_until = null where bucket = $1", bucket)


async def delete(session: Session, bucket: str) -> None:
    """Deletes the counter of a bucket."""
    await session.execute("delete from throttles where bucket = $1", bucket)


async def sweep(session: Session, *, limit: int) -> int:
    """Deletes up to `limit` expired buckets and returns how many."""
    deleted = await session.execute(
        "delete from throttles where bucket in (select bucket from throttles "
        "where expires_at < (select clock_timestamp()) order by expires_at limit $1 for update skip locked)",
        limit,
    )
    return int(deleted.split()[-1])
