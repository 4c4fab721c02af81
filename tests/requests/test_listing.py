"""Pages of a wallet's money requests: their content and order, and the rows that PostgreSQL reads for them."""

import itertools
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from pocketpay.database.sessions import Database, Session
from pocketpay.requests import listing, repository
from pocketpay.requests.listing import RequestFilter
from pocketpay.requests.money_request import MoneyRequest, RequestStatus
from tests.transactions.past import NOON, people

PAGE = 21
TYPES = "uuid, timestamptz, uuid, timestamptz, uuid, text[], boolean, boolean, int"

FILL = """
insert into money_requests (id, requester_wallet_id, payer_wallet_id, currency, amount, description, status,
    expires_at, version, created_at, updated_at)
select gen_random_uuid(), case n % 2 when 0 then $1::uuid else $2::uuid end, case n % 2 when 0 then $2 else $1 end,
    'USD', n, '', (array['pending', 'paid', 'paid', 'declined', 'expired'])[1 + n % 5], at + interval '30 days', 1,
    at, at
from generate_series(1, $4::int) n, lateral (select $3::timestamptz + n * interval '1 second' as at) made
"""


@dataclass(frozen=True)
class RequestRow:
    """The columns of a money request that the tests compare."""

    id: UUID
    requester: UUID
    payer: UUID
    status: str
    created_at: datetime


async def write(owner: "Connection[Record]", made: list[RequestRow]) -> None:
    rows = [
        (a.id, a.requester, a.payer, "USD", 100, "", a.status, a.created_at + timedelta(days=30), 1, a.created_at,
         a.created_at)
        for a in made
    ]  # fmt: skip
    columns = [name.strip() for name in repository.COLUMNS.split(",")]
    await owner.copy_records_to_table("money_requests", records=rows, columns=columns)


def random_requests(chance: random.Random, wallets: list[UUID], many: int) -> list[RequestRow]:
    """Random requests among wallets, at only a few different times, so that many have the same time."""
    made = []
    for _ in range(many):
        requester, payer = chance.sample(wallets, 2)
        status, at = chance.choice(list(RequestStatus)), NOON + timedelta(minutes=chance.randrange(20))
        made.append(RequestRow(UUID(bytes=chance.randbytes(16)), requester, payer, status, at))
    return made


def expected(made: list[RequestRow], wallet: UUID, narrowed: RequestFilter) -> list[UUID]:
    mine = [
        one
        for one in made
        if ((one.payer == wallet and narrowed.incoming) or (one.requester == wallet and narrowed.outgoing))
        and one.status in narrowed.statuses
    ]
    return [one.id for one in sorted(mine, key=lambda one: (one.created_at, one.id), reverse=True)]


@pytest.mark.parametrize("backwards", [False, True])
async def test_pages_together_are_the_whole_list_in_order_for_every_filter(
    database: Database, owner: "Connection[Record]", backwards: bool
) -> None:
    chance = random.Random(3)
    wallets = await people(owner, "ada", "bob", "cyd")
    made = random_requests(chance, wallets, 300)
    await write(owner, made)
    some = [
        frozenset(RequestStatus),
        {RequestStatus.PENDING},
        {RequestStatus.PAID, RequestStatus.EXPIRED},
        frozenset(),
    ]
    async with database.read() as session:
        for incoming, outgoing, statuses in itertools.product((True, False), (True, False), some):
            narrowed = RequestFilter(incoming, outgoing, frozenset(statuses))
            whole = expected(made, wallets[0], narrowed)
            found = await paged(session, wallets[0], narrowed, backwards)
            assert found == (whole[::-1] if backwards else whole), narrowed
            assert await listing.count(session, wallets[0], narrowed) == len(whole)


async def paged(session: Session, wallet: UUID, narrowed: RequestFilter, backwards: bool) -> list[UUID]:
    found: list[MoneyRequest] = []
    while True:
        place = listing.place(found[-1]) if found else None
        older, newer = (None, place) if backwards else (place, None)
        page = await listing.read(
            session, wallet, narrowed, limit=7, older_than=older, newer_than=newer, backwards=backwards
        )
        found += page
        if len(page) < 7:
            return [one.id for one in found]


async def test_pages_neither_repeat_nor_skip_requests_while_new_ones_are_made(
    database: Database, owner: "Connection[Record]"
) -> None:
    ada, bob = await people(owner, "ada", "bob")
    made = [RequestRow(uuids.uuid7(), bob, ada, "pending", NOON + timedelta(minutes=n)) for n in range(10)]
    await write(owner, made)
    async with database.read() as session:
        first = await listing.read(session, ada, limit=4)
        await write(owner, [RequestRow(uuids.uuid7(), bob, ada, "pending", NOON + timedelta(hours=1))])
        rest = await listing.read(session, ada, limit=10, older_than=listing.place(first[-1]))
    assert [one.id for one in (*first, *rest)] == [one.id for one in reversed(made)]


async def test_only_the_requester_and_the_payer_find_a_request(
    database: Database, owner: "Connection[Record]"
) -> None:
    ada, bob, cyd = await people(owner, "ada", "bob", "cyd")
    (made,) = random_requests(random.Random(1), [ada, bob], 1)
    await write(owner, [made])
    async with database.read() as session:
        found = [bool(await listing.find(session, wallet, [made.id, uuids.uuid7()])) for wallet in (ada, bob, cyd)]
    assert found == [True, True, False]


async def test_a_count_above_its_maximum_is_none(
    database: Database, owner: "Connection[Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = await people(owner, "ada", "bob")
    await owner.execute(FILL, ada, bob, NOON, 12)
    async with database.read() as session:
        monkeypatch.setattr(listing, "MAX_COUNT", 12)
        assert await listing.count(session, ada) == 12
        monkeypatch.setattr(listing, "MAX_COUNT", 11)
        assert await listing.count(session, ada) is None
        assert await listing.count(session, ada, RequestFilter(outgoing=False)) == 6


async def test_changes_after_a_position_are_read_in_order(database: Database, owner: "Connection[Record]") -> None:
    wallets = await people(owner, "ada", "bob", "cyd")
    made = random_requests(random.Random(4), wallets, 80)
    await write(owner, made)
    place = NOON + timedelta(minutes=7), UUID(bytes=b"\x80" * 16)
    async with database.read() as session:
        found_since = await repository.since(session, [(wallet, place) for wallet in wallets], limit=15)
    for wallet, found in zip(wallets, found_since, strict=True):
        later = [(one.created_at, one.id) for one in made if wallet in (one.payer, one.requester)]
        assert [(one.updated_at, one.id) for one in found] == sorted(one for one in later if one > place)[:15]
