"""Writes the people that passed the dry run, 500 in a unit of work, each with their opening balance.

    owed      first posts the opening balances that an interrupted run has left
    people    in one unit of work, writes accounts, wallets, users, and their ids and opening balances from Supabase
    openings  posts the opening balances through the clearing, each once by its key; after an interruption, the next
              run finds them as owed

The dry run leaves out people who were imported before, so the next run continues where this one stopped.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from pocketpay.database import uuids
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Connection, Database
from pocketpay.identity.errors import AlreadyExists
from pocketpay.identity.until_known import until_known
from pocketpay.importing.opening_balance import open_balance
from pocketpay.importing.repository import people, verdicts
from pocketpay.importing.repository.people import NewPerson, Owed
from pocketpay.importing.repository.verdicts import Ready
from pocketpay.money import Money
from pocketpay.payments.desk import Desk

PEOPLE_AT_ONCE = 500
"""In one unit of work of about 100 ms. It fills a quarter of the clearing's queue. It is also the most work that is
lost when the run is killed."""

CAME_FROM = "Supabase"
TRIES = 5

START = UUID(int=0)


@dataclass(slots=True)
class ImportResult:
    """The result of a run. `openings` is the number of posted opening balances, `paid` their sums in minor units by
    currency."""

    people: int = 0
    openings: int = 0
    paid: dict[str, int] = field(default_factory=dict)
    left_out: list[Ready] = field(default_factory=list)


async def settle_owed(connection: Connection, desk: Desk, result: ImportResult) -> None:
    """Posts the opening balances that an earlier run recorded and did not post. Raises ServiceBusy."""
    async for page in _owed(connection):
        await _open_balances(desk, page, result)


async def owed_count(connection: Connection) -> int:
    """Returns how many opening balances earlier runs recorded and did not post."""
    return sum([len(page) async for page in _owed(connection)])


async def write_people(
    connection: Connection, database: Database, desk: Desk, result: ImportResult, advance: Callable[[int], None]
) -> None:
    """Writes everybody who passed the dry run on this connection. Raises ServiceBusy; run it again then."""
    last = 0
    while page := await verdicts.ready(connection, last, PEOPLE_AT_ONCE):
        written = await _write(database, [_new_person(ready) for ready in page], result)
        await _open_balances(desk, [owed for one in written if (owed := _owed_to(one)) is not None], result)
        result.people += len(written)
        last = page[-1].n
        advance(len(page))


def _new_person(ready: Ready) -> NewPerson:
    return NewPerson(ready, uuids.uuid7(), uuids.uuid7(), uuids.uuid7() if ready.opening else None)


async def _write(database: Database, new_people: Sequence[NewPerson], result: ImportResult) -> Sequence[NewPerson]:
    """Writes the people together, or one by one when a name was taken meanwhile. Returns those who were written."""

    async def unit() -> None:
        async with database.write() as session:
            await people.write(session, new_people)

    try:
        await until_known(unit)
    except AlreadyExists:
        if len(new_people) == 1:
            result.left_out.append(new_people[0].ready)
            return ()
        return [person for one in new_people for person in await _write(database, [one], result)]
    return new_people


async def _open_balances(desk: Desk, openings: Sequence[Owed], result: ImportResult) -> None:
    await asyncio.gather(*(_open_balance(desk, opening) for opening in openings))
    for opening in openings:
        result.openings += 1
        code = opening.amount.currency
        result.paid[code] = result.paid.get(code, 0) + opening.amount.minor


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
        except ServiceBusy:  # another server may lock the wallet, or the database may not answer for a moment
            if not tries_left:
                raise
            await asyncio.sleep(0.2)


def _owed_to(person: NewPerson) -> Owed | None:
    if person.opening_id is None:
        return None
    ready = person.ready
    return Owed(ready.supabase_id, person.wallet_id, person.opening_id, Money(ready.opening, ready.currency))


async def _owed(connection: Connection) -> AsyncIterator[list[Owed]]:
    last = START
    while page := await people.owed(connection, last, PEOPLE_AT_ONCE):
        yield page
        last = page[-1].supabase_id
