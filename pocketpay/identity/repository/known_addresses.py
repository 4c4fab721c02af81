"""Addresses where a user has given their password. The table is logged, unlike the counters: it survives a crash."""

from datetime import timedelta
from uuid import UUID

from pocketpay.database.sessions import Session

NOBODY = UUID(int=0)
"""The user id that stands for an unknown user, so that the read is the same for every login."""

_IS_KNOWN = """
select exists(select from known_addresses where user_id = $1 and address = $2 and expires_at > clock_timestamp())
    or exists(select from throttles where bucket = $3 and expires_at > clock_timestamp())
"""
"""The second part reads where servers of the previous revision store known addresses."""

_REMEMBER = """
insert into known_addresses (user_id, address, used_at, expires_at)
select $1, $2, now, now + $3::interval from (select clock_timestamp() as now) clock
on conflict (user_id, address) do update set used_at = excluded.used_at, expires_at = excluded.expires_at
"""
_FORGET_OLDEST = """
delete from known_addresses where user_id = $1 and address in
    (select address from known_addresses where user_id = $1 order by used_at desc offset $2)
"""
_SWEEP = """
delete from known_addresses where ctid = any(array(select ctid from known_addresses
    where expires_at < (select clock_timestamp()) order by expires_at limit $1 for update skip locked))
"""


async def is_known(session: Session, user_id: UUID | None, address: bytes, bucket: str) -> bool:
    """Whether the address is a known one of the user. False for None, an unknown user."""
    known: bool = await session.fetchval(_IS_KNOWN, user_id or NOBODY, address, bucket)
    return known


async def remember(session: Session, user_id: UUID, address: bytes, *, memory: timedelta, limit: int) -> None:
    """Stores that the user has given their password at this address. Keeps the `limit` last used addresses."""
    await session.execute(_REMEMBER, user_id, address, memory)
    await session.execute(_FORGET_OLDEST, user_id, limit)


async def sweep(session: Session, *, limit: int) -> int:
    """Deletes up to `limit` expired addresses and returns how many."""
    deleted = await session.execute(_SWEEP, limit)
    return int(deleted.split()[-1])
