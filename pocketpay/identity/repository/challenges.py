"""Challenges, from which one-time codes and links are derived. Reading them locks them, so concurrent tries run one
after another.

a code    accepts MAX_WRONG_CODES wrong tries, counted for all challenges of a user and purpose together
a link    stays valid whatever codes were tried: nobody can guess one
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pocketpay.database.sessions import Record, Session
from pocketpay.identity.one_time_codes import Challenge, Purpose

MAX_WRONG_CODES = 5

_ADD = """
insert into one_time_challenges (id, user_id, purpose, address, tries, created_at, expires_at)
select $1, $2, $3, $4, 0, now, now + $5::interval from (select clock_timestamp() as now) clock
on conflict (id) do nothing
"""
_REPLACE = """
update one_time_challenges set used_at = clock_timestamp()
where user_id = $1 and purpose = $2 and used_at is null and id <> $3
"""
_LIVE = """
select id, user_id, purpose, address, tries from one_time_challenges
where user_id = $1 and purpose = any($2::text[]) and used_at is null and expires_at > clock_timestamp()
  and lower(address) = lower($3)
order by created_at desc for no key update
"""
"""Locks the rows, so that concurrent guesses are counted one after another."""

_END_ALL = """
update one_time_challenges set used_at = clock_timestamp()
where user_id = $1 and purpose = any($2::text[]) and used_at is null
"""
_WAIT = """
select greatest(1, ceil(extract(epoch from created_at + $4::interval - clock_timestamp())))::int
from one_time_challenges
where user_id = $1 and purpose = $2 and id <> $3 and created_at > clock_timestamp() - $4::interval
order by created_at desc offset $5 limit 1
"""
_SWEEP = """
delete from one_time_challenges where ctid = any(array(select ctid from one_time_challenges
    where expires_at < (select clock_timestamp()) order by expires_at limit $1 for update skip locked))
"""


@dataclass(frozen=True, slots=True)
class LiveChallenge:
    """A challenge that is neither used nor expired. `tries` is the number of wrong codes that were tried."""

    challenge: Challenge
    tries: int

    @property
    def takes_codes(self) -> bool:
        return self.tries < MAX_WRONG_CODES


async def add(session: Session, challenge: Challenge, lifetime: timedelta) -> None:
    """Inserts a challenge. Idempotent for the same id."""
    await session.execute(_ADD, challenge.id, challenge.user_id, challenge.purpose, challenge.address, lifetime)


async def replace_others(session: Session, challenge: Challenge) -> None:
    """Ends the user's other challenges of that purpose."""
    await session.execute(_REPLACE, challenge.user_id, challenge.purpose, challenge.id)


async def wait(session: Session, challenge: Challenge, *, limit: int, window: timedelta) -> int | None:
    """Returns None when fewer than `limit` other challenges of the same user and purpose were made within `window`,
    else the seconds until there are fewer."""
    seconds: int | None = await session.fetchval(
        _WAIT, challenge.user_id, challenge.purpose, challenge.id, window, limit - 1
    )
    return seconds


async def end_all(session: Session, user_id: UUID, purposes: Collection[Purpose]) -> None:
    """Ends the user's challenges of the given purposes."""
    await session.execute(_END_ALL, user_id, list(purposes))


async def live(
    session: Session, user_id: UUID | None, purposes: Collection[Purpose], address: str | None
) -> list[LiveChallenge]:
    """Locks and returns the live challenges of a user with these purposes and this address, newest first.

    A `user_id` of None stands for an unknown user, who has none.
    """
    return [_live(row) for row in await session.fetch(_LIVE, user_id, list(purposes), address)]


async def count_wrong_code(session: Session, challenges: list[LiveChallenge]) -> None:
    """Counts a wrong code for each of the challenges."""
    await session.execute(
        "update one_time_challenges set tries = tries + 1 where id = any($1::uuid[])",
        [one.challenge.id for one in challenges],
    )


async def use(session: Session, challenge: Challenge) -> None:
    """Marks the challenge as used."""
    await session.execute("update one_time_challenges set used_at = clock_timestamp() where id = $1", challenge.id)


async def sweep(session: Session, *, limit: int) -> int:
    """Deletes up to `limit` expired challenges and returns how many."""
    deleted = await session.execute(_SWEEP, limit)
    return int(deleted.split()[-1])


def _live(row: Record) -> LiveChallenge:
    challenge = Challenge(row["id"], Purpose(row["purpose"]), row["user_id"], row["address"])
    return LiveChallenge(challenge, row["tries"])
