"""Addresses at which a user has shown their password. Logged, unlike the counters: a crash forgets none."""

from datetime import timedelta
from uuid import UUID

from pocketpay.database.sessions import Session

NOBODY = UUID(int=0)
"""Whom an unknown login is looked up as: the same read for everybody."""

_IS_KNOWN = """
select exists(select from known_addresses where user_id = $1 and address = $2 and expires_at > clock_timestamp())
    or exists(select from throttles where bucket = $3 and expires_at > clock_timestamp())
"""
"""The second is where servers of the revision before keep them."""

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
    where expires_at < clock_timestamp() order by expires_at limit $1 for update skip locked))
"""


async def is_known(session: Session, user_id: UUID | None, address: bytes, bucket: str) -> bool:
    """Whether it is an address of that user; of None, whom nobody is, it never is."""
    known: bool = await session.fetchval(_IS_KNOWN, user_id or NOBODY, address, bucket)
    return known


async def remember(session: Session, user_id: UUID, address: bytes, *, memory: timedelta, most: int) -> None:
    """The user has shown their password there. Of theirs the `most` last used are kept."""
    await session.execute(_REMEMBER, user_id, address, memory)
    await session.execute(_FORGET_OLDEST, user_id, most)


async def sweep(session: Session, *, most: int) -> int:
    """Deletes up to `most` that were not used for too long; gives how many."""
    deleted = await session.execute(_SWEEP, most)
    return int(deleted.split()[-1])
