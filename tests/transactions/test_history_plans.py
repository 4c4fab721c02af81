"""The query plan for a page of history: two index scans that stop at the end of the page, for histories of any
length."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.transactions.filter import Filter
from pocketpay.transactions.repository import history as repository
from tests.conftest import Dsns
from tests.plans import Filled, explained, filled_once, nodes, scans
from tests.transactions.past import NOON, people

PAGE = 21
ORDERS = ("asc", "desc")


BOUNDS = "uuid, timestamptz, uuid, timestamptz, uuid, boolean"
FILTER_TYPES = "text[], text[], boolean, uuid, bigint, bigint, text"

FILL = """
insert into transactions
    (id, type, status, currency, source_wallet_id, destination_wallet_id, amount, fee, description, risk_reasons,
     version, created_at, updated_at, completed_at)
select gen_random_uuid(), 'send', 'completed', 'USD', case n % 2 when 0 then $1::uuid else $2::uuid end,
       case n % 2 when 0 then $2 else $1 end, n, 0, 'Payment ' || n, '[]',
       1, $3::timestamptz + n * interval '1 second', $3, $3 + n * interval '1 second'
from generate_series(1, $4::int) n
"""


def bounds(wallet: UUID) -> tuple[Any, ...]:
    nobody = UUID(int=0)
    return wallet, NOON.replace(year=9999), nobody, NOON.replace(year=1970), nobody, True


@pytest.fixture(scope="module", params=["empty", "fresh", "large"])
def filled(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> Iterator[Filled]:
    """A wallet without history, with a history without statistics, or with a long history with statistics."""

    async def fill(owner: "Connection[Record]") -> UUID:
        mine, other = await people(owner, f"p{uuids.uuid7().hex[12:]}", f"p{uuids.uuid7().hex[12:]}")
        if request.param != "empty":
            await owner.execute(FILL, mine, other, NOON, 2_000 if request.param == "fresh" else 20_000)
        if request.param == "large":
            await owner.execute("analyze transactions")
        return mine

    with filled_once(postgres, fill) as made:
        yield made


@pytest.fixture
def database_dsn(filled: Filled) -> Dsns:
    return filled.dsns


@pytest.fixture
def wallet(filled: Filled) -> UUID:
    return filled.wallet


@pytest.mark.parametrize("order", ORDERS)
async def test_a_page_reads_only_its_own_rows_from_each_index(
    owner: "Connection[Record]", wallet: UUID, order: str
) -> None:
    plan = await explained(owner, repository._PAGE[order], f"{BOUNDS}, int", *bounds(wallet), PAGE)
    assert sorted(scan["Index Name"] for scan in scans(plan, "transactions")) == [
        "ix_transactions_anchor_created",
        "ix_transactions_received",
    ]
    assert {scan["Node Type"] for scan in scans(plan, "transactions")} == {"Index Scan"}
    assert all(scan["Actual Rows"] <= PAGE for scan in scans(plan, "transactions"))
    assert not [node for node in nodes(plan) if "Sort" in node["Node Type"]]


@pytest.mark.parametrize("order", ORDERS)
async def test_a_filtered_page_reads_at_most_its_limit_of_rows(
    owner: "Connection[Record]", wallet: UUID, order: str
) -> None:
    questions = repository.conditions(Filter(search="nothing of that kind"))
    types = f"{BOUNDS}, int, int, {FILTER_TYPES}"
    plan = await explained(owner, repository._FILTERED_PAGE[order], types, *bounds(wallet), PAGE, 500, *questions)
    assert {scan["Node Type"] for scan in scans(plan, "transactions")} == {"Index Scan"}
    assert sum(scan["Actual Rows"] for scan in scans(plan, "transactions")) <= 501


async def test_a_filtered_page_stops_reading_when_it_is_full(owner: "Connection[Record]", wallet: UUID) -> None:
    questions = repository.conditions(Filter(search="payment"))
    types = f"{BOUNDS}, int, int, {FILTER_TYPES}"
    plan = await explained(owner, repository._FILTERED_PAGE["desc"], types, *bounds(wallet), PAGE, 500, *questions)
    assert sum(scan["Actual Rows"] for scan in scans(plan, "transactions")) <= PAGE + 1


async def test_the_count_reads_at_most_its_limit_of_rows(owner: "Connection[Record]", wallet: UUID) -> None:
    plan = await explained(owner, repository._COUNT, f"{BOUNDS}, int", *bounds(wallet), 101)
    assert {scan["Node Type"] for scan in scans(plan, "transactions")} <= {"Index Scan", "Index Only Scan"}
    assert sum(scan["Actual Rows"] for scan in scans(plan, "transactions")) <= 102


async def test_refunds_of_a_payment_are_found_without_reading_failed_ones(
    owner: "Connection[Record]", wallet: UUID
) -> None:
    undone = owner.transaction()
    await undone.start()
    other, original = (await people(owner, f"p{uuids.uuid7().hex[12:]}"))[0], uuids.uuid7()
    tried = """
        insert into transactions (id, type, status, currency, source_wallet_id, destination_wallet_id, amount, fee,
            description, refund_of, risk_reasons, failure_code, version, created_at, updated_at, completed_at)
        select case n when 0 then $1::uuid else gen_random_uuid() end, case n when 0 then 'send' else 'refund' end,
            case when n % 500 = 0 then 'completed' else 'failed' end, 'USD', $2::uuid, $3::uuid, 1000, 0, '',
            case when n > 0 then $1 end, '[]', case when n % 500 > 0 then 'INSUFFICIENT_FUNDS' end,
            1, $4::timestamptz, $4, case when n % 500 = 0 then $4::timestamptz end
        from generate_series(0, 2000) n"""
    await owner.execute(tried, original, wallet, other, NOON)
    plan = await explained(owner, repository._REFUNDS, "uuid[], int", f"{{{original}}}", 100)
    await undone.rollback()
    (scan,) = scans(plan, "transactions")
    assert (scan["Index Name"], scan["Actual Rows"]) == ("ix_transactions_refunds", 4)
    assert not [node for node in nodes(plan) if "Sort" in node["Node Type"]]
