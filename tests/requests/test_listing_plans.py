"""The query plans for pages, counts and changes of the money requests of a wallet: index scans of a few rows, for
tables of any size."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.requests import repository
from pocketpay.requests.listing import BEGINNING, END
from tests.conftest import Dsns
from tests.plans import INDEXED, Filled, explained, filled_once, nodes, rows_read, scans
from tests.requests.test_listing import FILL
from tests.transactions.past import NOON, people

PAGE = 21
TYPES = "uuid, timestamptz, uuid, timestamptz, uuid, text[], boolean, boolean, int"
STATUSES = ("{pending,paid,declined,cancelled,expired}", "{expired}", "{cancelled}")
SIDES = ((True, True), (True, False), (False, True))


@pytest.fixture(scope="module", params=["empty", "fresh", "large"])
def filled(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> Iterator[Filled]:
    """A wallet without requests, with some that are not analyzed yet, or with many that are analyzed."""

    async def fill(owner: "Connection[Record]") -> UUID:
        mine, other = await people(owner, f"p{uuids.uuid7().hex[12:]}", f"p{uuids.uuid7().hex[12:]}")
        if request.param != "empty":
            await owner.execute(FILL, mine, other, NOON, 2_000 if request.param == "fresh" else 30_000)
        if request.param == "large":
            await owner.execute("analyze money_requests")
        return mine

    with filled_once(postgres, fill) as made:
        yield made


@pytest.fixture
def database_dsn(filled: Filled) -> Dsns:
    return filled.dsns


@pytest.fixture
def wallet(filled: Filled) -> UUID:
    return filled.wallet


async def test_reading_a_page_reads_at_most_one_page_per_side_and_status(
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


async def test_counts_and_changes_are_read_by_an_index(owner: "Connection[Record]", wallet: UUID) -> None:
    every = "{pending,paid,declined,cancelled,expired}"
    plan = await explained(owner, repository._COUNT, TYPES, wallet, *END, *BEGINNING, every, True, True, 101)
    assert {step["Node Type"] for step in scans(plan, "money_requests")} <= INDEXED
    assert rows_read(scans(plan, "money_requests")) <= 10 * 101
    place = (f"{{{wallet}}}", f'{{"{NOON + timedelta(seconds=1_000)}"}}', f"{{{UUID(int=0)}}}")
    plan = await explained(owner, repository._SINCE, "uuid[], timestamptz[], uuid[], int", *place, 100)
    assert {step["Node Type"] for step in scans(plan, "money_requests")} <= INDEXED
    assert rows_read(scans(plan, "money_requests")) <= 200


async def test_changes_are_counted_by_an_index_and_only_up_to_the_maximum(
    owner: "Connection[Record]", wallet: UUID
) -> None:
    types = "uuid, timestamptz, uuid, int"
    for place in (BEGINNING, (NOON + timedelta(seconds=1_000), UUID(int=0))):
        plan = await explained(owner, repository._COUNT_SINCE, types, wallet, *place, 101)
        assert {step["Node Type"] for step in scans(plan, "money_requests")} <= INDEXED
        assert rows_read(scans(plan, "money_requests")) <= 2 * 101
