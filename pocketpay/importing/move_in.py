"""Moving in: those whom the dry run found fit are written, 500 a unit of work, each with their opening balance.

    owed      opening balances that a run which was cut off still owes, before anything else
    people    one unit of work: account, wallet, user, and who they were, with the balance they are promised
    openings  through the clearing, each once by its key; cut off here, the next run finds them owed

Who is here is left out by the dry run, so that the next run goes on where this one stopped.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Connection, Database
from pocketpay.identity.errors import AlreadyExists
from pocketpay.identity.until_known import until_known
from pocketpay.importing.opening_balance import open_balance
from pocketpay.importing.repository import people, verdicts
from pocketpay.importing.repository.people import Arrival, Owed
from pocketpay.importing.repository.verdicts import Ready
from pocketpay.money import Money
from pocketpay.payments.desk import Desk

PEOPLE_AT_ONCE = 500
"""A unit of work of some 100 ms, a quarter of what the clearing's queue holds, and what a kill costs."""

CAME_FROM = "Supabase"
TRIES = 5

START = UUID(int=0)


@dataclass(slots=True)
class Moved:
    """What a run has done. `openings` are those posted by it, `paid` their sums in minor units by currency."""

    people: int = 0
    openings: int = 0
    paid: dict[str, int] = field(default_factory=dict)
    left_out: list[Ready] = field(default_factory=list)


async def settle_owed(connection: Connection, desk: Desk, moved: Moved) -> None:
    """Posts the opening balances that an earlier run promised and did not come to. Raises ServiceBusy."""
    async for page in _owed(connection):
        await _open_balances(desk, page, moved)


async def owed_count(connection: Connection) -> int:
    """How many opening balances an earlier run still owes."""
    return sum([len(page) async for page in _owed(connection)])


async def move_in(
    connection: Connection, database: Database, desk: Desk, moved: Moved, advance: Callable[[int], None]
) -> None:
    """Writes everybody whom the dry run on this connection found fit. Raises ServiceBusy; then run it again."""
    last = 0
    while page := await verdicts.ready(connection, last, PEOPLE_AT_ONCE):
        arrived = await _arrive(database, [_arrival(ready) for ready in page], moved)
        await _open_balances(desk, [owed for one in arrived if (owed := _promised(one)) is not None], moved)
        moved.people += len(arrived)
        last = page[-1].n
        advance(len(page))


def _arrival(ready: Ready) -> Arrival:
    return Arrival(ready, uuids.uuid7(), uuids.uuid7(), uuids.uuid7() if ready.opening else None)


async def _arrive(database: Database, arrivals: Sequence[Arrival], moved: Moved) -> Sequence[Arrival]:
    """Writes them together, or when somebody took a name meanwhile one by one; gives those who came."""

    async def unit() -> None:
        async with database.write() as session:
            await people.arrive(session, arrivals)

    try:
        await until_known(unit)
    except AlreadyExists:
        if len(arrivals) == 1:
            moved.left_out.append(arrivals[0].ready)
            return ()
        return [came for one in arrivals for came in await _arrive(database, [one], moved)]
    return arrivals


async def _open_balances(desk: Desk, openings: Sequence[Owed], moved: Moved) -> None:
    await asyncio.gather(*(_open_balance(desk, opening) for opening in openings))
    for opening in openings:
        moved.openings += 1
        code = opening.amount.currency
        moved.paid[code] = moved.paid.get(code, 0) + opening.amount.minor


async def _open_balance(desk: Desk, opening: Owed) -> None:
    for tries_left in reversed(range(TRIES)):
        try:
            await open_balance(
                desk,
                opening.wallet_id,
                opening.amount,
                id=opening.opening_id,
                came_from=CAME_FROM,
                foreign_id=opening.supabase_id,
            )
            return
        except ServiceBusy:  # a server beside us may hold the wallet, or the database be away for a moment
            if not tries_left:
                raise
            await asyncio.sleep(0.2)


def _promised(arrival: Arrival) -> Owed | None:
    if arrival.opening_id is None:
        return None
    ready = arrival.ready
    return Owed(ready.supabase_id, arrival.wallet_id, arrival.opening_id, Money(ready.opening, ready.currency))


async def _owed(connection: Connection) -> AsyncIterator[list[Owed]]:
    last = START
    while page := await people.owed(connection, last, PEOPLE_AT_ONCE):
        yield page
        last = page[-1].supabase_id
