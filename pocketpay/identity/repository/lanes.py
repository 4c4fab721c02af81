"""The lanes of strangers (lane.py), which all servers share. Their names are hashes. The tables are unlogged: after a
crash of PostgreSQL every lane is empty.

    the address still has to wait   one read, so that asking again and again writes nothing
    otherwise                       one unit of work: lock the lane's row, read, decide, write
"""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.identity.lane import CALENDARS, FURTHEST, Lane, Order, Others, Turn
from pocketpay.identity.lane import ask as rule

_WAITS = """
select begins_at - clock_timestamp() from sign_in_turns
where lane = $1 and provider = $2 and network = $3 and address = $4 and guess_id is null
  and begins_at > clock_timestamp() and begins_at <= clock_timestamp() + $5::interval
"""
_LOCK = """
insert into sign_in_lanes as l (lane, first_at, crowded_at, further_at, expires_at)
select $1, now - $2::interval, now - $3::interval, now - $4::interval, now
from (select clock_timestamp() as now) clock
on conflict (lane) do update set expires_at = l.expires_at
returning first_at, crowded_at, further_at
"""
_LOOK = """
with clock as materialized (select clock_timestamp() as now),
turns as materialized (
    select t.*, t.network = $3 as near, t.network = $3 and t.address = $4 as own,
           t.guess_id is null and t.begins_at > clock.now as waiting
    from sign_in_turns t, clock
    where t.lane = $1 and t.provider = $2 and t.expires_at > clock.now and t.begins_at <= clock.now + $5::interval)
select clock.now, own.calendar, own.begins_at, own.ends_at, own.expires_at, own.guess_id, others.*
from clock left join turns own on own.own cross join (
    select count(*) as of_provider, count(*) filter (where near) as of_network,
           count(*) filter (where waiting and calendar = 'first') as first,
           count(*) filter (where waiting and calendar = 'crowded') as crowded,
           count(*) filter (where waiting and calendar = 'further') as further
    from turns where not turns.own) others
"""
_WRITE = """
with booked as (
    update sign_in_lanes set first_at = $5, crowded_at = $6, further_at = $7, expires_at = $8 where lane = $1)
insert into sign_in_turns as t
    (lane, provider, network, address, calendar, begins_at, ends_at, guess_id, expires_at)
values ($1, $2, $3, $4, $9, $10, $11, $12, $13)
on conflict (lane, provider, network, address) do update set
    calendar = excluded.calendar, begins_at = excluded.begins_at, ends_at = excluded.ends_at,
    guess_id = excluded.guess_id, expires_at = excluded.expires_at
"""
_FREE_TURN = """
update sign_in_turns set guess_id = null
where lane = $1 and provider = $2 and network = $3 and address = $4 and guess_id = $5
"""
_SWEEPS = (
    "delete from sign_in_lanes where ctid = any(array(select ctid from sign_in_lanes "
    "where expires_at < (select clock_timestamp()) order by expires_at limit $1 for update skip locked))",
    "delete from sign_in_turns where ctid = any(array(select ctid from sign_in_turns "
    "where expires_at < (select clock_timestamp()) order by expires_at limit $1 for update skip locked))",
)

_ORDERS = (Order.FIRST, Order.CROWDED, Order.FURTHER)
"""In the order of a lane's columns."""


class Place(NamedTuple):
    """A stranger in a lane: the SHA-256 of the login, and of the login with the provider, network and address."""

    lane: bytes
    provider: bytes
    network: bytes
    address: bytes


async def waits(session: Session, place: Place) -> timedelta | None:
    """Returns the time until the turn of this address begins, or None when it has no turn that begins later."""
    left: timedelta | None = await session.fetchval(_WAITS, *place, FURTHEST)
    return left


async def ask(session: Session, place: Place, guess_id: UUID) -> timedelta | None:
    """Asks for a guess by the rules of lane.py. Returns None when it may be made now, else how long to wait."""
    booked = await session.fetchrow(_LOCK, place.lane, *(CALENDARS[order].saved for order in _ORDERS))
    # Read after the lock, so that the second of two guesses also has the later time.
    seen = await session.fetchrow(_LOOK, *place, FURTHEST)
    if booked is None or seen is None:
        raise AssertionError("both statements return a row")
    turn = None
    if seen["calendar"] is not None:
        turn = Turn(Order(seen["calendar"]), seen["begins_at"], seen["ends_at"], seen["expires_at"], seen["guess_id"])
    others = Others(seen["of_provider"], seen["of_network"], {order: seen[order] for order in _ORDERS})
    lane = Lane({order: booked[f"{order}_at"] for order in _ORDERS})
    answer = rule(lane, turn, others, guess_id, seen["now"])
    if answer.turn is not None and answer.turn != turn:
        await _write(session, place, answer.lane, answer.turn)
    return answer.wait


async def _write(session: Session, place: Place, lane: Lane, turn: Turn) -> None:
    await session.execute(
        _WRITE,
        *place,
        *(lane.free_at[order] for order in _ORDERS),
        lane.expires_at,
        turn.order,
        turn.begins_at,
        turn.ends_at,
        turn.guess_id,
        turn.expires_at,
    )


async def free_turn(session: Session, place: Place, guess_id: UUID) -> None:
    """Frees the turn of a guess that was not made, so that another guess can use it."""
    await session.execute(_FREE_TURN, *place, guess_id)


async def sweep(session: Session, *, limit: int) -> int:
    """Deletes up to `limit` expired lanes and up to `limit` expired turns; returns how many in total."""
    swept = 0
    for statement in _SWEEPS:
        deleted = await session.execute(statement, limit)
        swept += int(deleted.split()[-1])
    return swept
