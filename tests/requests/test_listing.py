"""A wallet's money requests by pages: the right ones in the right order, read by index and no further."""

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
from pocketpay.requests.listing import BEGINNING, END, RequestFilter
from pocketpay.requests.money_request import MoneyRequest, RequestStatus
from tests.plans import INDEXED, explained, nodes, rows_read, scans
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
class Asked:
    """A request as a test knows it."""

    id: UUID
    requester: UUID
    payer: UUID
    status: str
    created_at: datetime


async def write(owner: "Connection[Record]", asked: list[Asked]) -> None:
    rows = [
        (a.id, a.requester, a.payer, "USD", 100, "", a.status, a.created_at + timedelta(days=30), 1, a.created_at,
         a.created_at)
        for a in asked
    ]  # fmt: skip
    columns = [name.strip() for name in repository.COLUMNS.split(",")]
    await owner.copy_records_to_table("money_requests", records=rows, columns=columns)


def at_random(chance: random.Random, wallets: list[UUID], many: int) -> list[Asked]:
    """Among those wallets, in few different moments so that many tie."""
    asked = []
    for _ in range(many):
        requester, payer = chance.sample(wallets, 2)
        status, at = chance.choice(list(RequestStatus)), NOON + timedelta(minutes=chance.randrange(20))
        asked.append(Asked(UUID(bytes=chance.randbytes(16)), requester, payer, status, at))
    return asked


def expected(asked: list[Asked], wallet: UUID, narrowed: RequestFilter) -> list[UUID]:
    mine = [
        one
        for one in asked
        if ((one.payer == wallet and narrowed.incoming) or (one.requester == wallet and narrowed.outgoing))
        and one.status in narrowed.statuses
    ]
    return [one.id for one in sorted(mine, key=lambda one: (one.created_at, one.id), reverse=True)]


@pytest.mark.parametrize("backwards", [False, True])
async def test_pages_are_the_whole_list_in_order_whatever_is_asked_for(
    database: Database, owner: "Connection[Record]", backwards: bool
) -> None:
    chance = random.Random(3)
    wallets = await people(owner, "ada", "bob", "cyd")
    asked = at_random(chance, wallets, 300)
    await write(owner, asked)
    some = [
        frozenset(RequestStatus),
        {RequestStatus.PENDING},
        {RequestStatus.PAID, RequestStatus.EXPIRED},
        frozenset(),
    ]
    async with database.read() as session:
        for incoming, outgoing, statuses in itertools.product((True, False), (True, False), some):
            narrowed = RequestFilter(incoming, outgoing, frozenset(statuses))
            whole = expected(asked, wallets[0], narrowed)
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


async def test_pages_stay_true_while_others_ask(database: Database, owner: "Connection[Record]") -> None:
    ada, bob = await people(owner, "ada", "bob")
    asked = [Asked(uuids.uuid7(), bob, ada, "pending", NOON + timedelta(minutes=n)) for n in range(10)]
    await write(owner, asked)
    async with database.read() as session:
        first = await listing.read(session, ada, limit=4)
        await write(owner, [Asked(uuids.uuid7(), bob, ada, "pending", NOON + timedelta(hours=1))])
        rest = await listing.read(session, ada, limit=10, older_than=listing.place(first[-1]))
    assert [one.id for one in (*first, *rest)] == [one.id for one in reversed(asked)]


async def test_only_the_two_sides_find_a_request(database: Database, owner: "Connection[Record]") -> None:
    ada, bob, cyd = await people(owner, "ada", "bob", "cyd")
    (asked,) = at_random(random.Random(1), [ada, bob], 1)
    await write(owner, [asked])
    async with database.read() as session:
        found = [bool(await listing.find(session, wallet, [asked.id, uuids.uuid7()])) for wallet in (ada, bob, cyd)]
    assert found == [True, True, False]


async def test_count_past_ten_thousand_is_not_given(
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


async def test_what_changed_after_a_place_comes_in_order(database: Database, owner: "Connection[Record]") -> None:
    wallets = await people(owner, "ada", "bob", "cyd")
    asked = at_random(random.Random(4), wallets, 80)
    await write(owner, asked)
    place = NOON + timedelta(minutes=7), UUID(bytes=b"\x80" * 16)
    async with database.read() as session:
        told = await repository.since(session, [(wallet, place) for wallet in wallets], limit=15)
    for wallet, found in zip(wallets, told, strict=True):
        later = [(one.created_at, one.id) for one in asked if wallet in (one.payer, one.requester)]
        assert [(one.updated_at, one.id) for one in found] == sorted(one for one in later if one > place)[:15]


# ---------------------------------------------------------------- what PostgreSQL does for it


@pytest.fixture(params=["empty", "fresh", "large"])
async def wallet(owner: "Connection[Record]", request: pytest.FixtureRequest) -> UUID:
    """A wallet with no requests, with some that PostgreSQL has no statistics of yet, or with many and known ones."""
    mine, other = await people(owner, f"p{uuids.uuid7().hex[12:]}", f"p{uuids.uuid7().hex[12:]}")
    if request.param != "empty":
        await owner.execute(FILL, mine, other, NOON, 2_000 if request.param == "fresh" else 30_000)
    if request.param == "large":
        await owner.execute("analyze money_requests")
    return mine


STATUSES = ("{pending,paid,declined,cancelled,expired}", "{expired}", "{cancelled}")
SIDES = ((True, True), (True, False), (False, True))


async def test_page_reads_no_more_than_a_page_of_each_side_and_state(
    owner: "Connection[Record]", wallet: UUID
) -> None:
    middle = (NOON + timedelta(seconds=15_000), UUID(int=0))
    newest = repository._NEWEST_FIRST, (*middle, *BEGINNING)
    oldest = repository._OLDEST_FIRST, (*END, *middle)
    for (sql, bounds), statuses, sides in itertools.product((newest, oldest), STATUSES, SIDES):
        case = sql, statuses, sides
        plan = await explained(owner, sql, TYPES, wallet, *bounds, statuses, *sides, PAGE)
        reading = scans(plan, "money_requests")
        assert {step["Node Type"] for step in reading} <= INDEXED, case
        assert rows_read(reading) <= PAGE * sum(sides) * len(statuses.split(",")), case
        large = [node for node in nodes(plan) if node["Node Type"] == "Sort" and node["Actual Rows"] > 10 * PAGE]
        assert not large, case


async def test_count_and_changes_are_read_by_index(owner: "Connection[Record]", wallet: UUID) -> None:
    every = "{pending,paid,declined,cancelled,expired}"
    plan = await explained(owner, repository._COUNT, TYPES, wallet, *END, *BEGINNING, every, True, True, 101)
    assert {step["Node Type"] for step in scans(plan, "money_requests")} <= INDEXED
    assert rows_read(scans(plan, "money_requests")) <= 10 * 101
    place = (f"{{{wallet}}}", f'{{"{NOON + timedelta(seconds=1_000)}"}}', f"{{{UUID(int=0)}}}")
    plan = await explained(owner, repository._SINCE, "uuid[], timestamptz[], uuid[], int", *place, 100)
    assert {step["Node Type"] for step in scans(plan, "money_requests")} <= INDEXED
    assert rows_read(scans(plan, "money_requests")) <= 200


async def test_changes_are_counted_by_index_and_no_further_than_asked(
    owner: "Connection[Record]", wallet: UUID
) -> None:
    types = "uuid, timestamptz, uuid, int"
    for place in (BEGINNING, (NOON + timedelta(seconds=1_000), UUID(int=0))):
        plan = await explained(owner, repository._COUNT_SINCE, types, wallet, *place, 101)
        assert {step["Node Type"] for step in scans(plan, "money_requests")} <= INDEXED
        assert rows_read(scans(plan, "money_requests")) <= 2 * 101
