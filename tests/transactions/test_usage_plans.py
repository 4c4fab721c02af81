"""The query plans for limits and for polling the bank: index scans of a few rows, for tables of any size."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from asyncpg import Connection, Record

from pocketpay.clearing.lane import PLANNER_SETTINGS
from pocketpay.clearing.repository import units
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.payments import repository as sweeps
from pocketpay.transactions.limits import LimitKind
from pocketpay.transactions.repository import usage
from tests.conftest import Dsns
from tests.plans import Filled, explained, filled_once, nodes
from tests.transactions.past import people

FILL = """
insert into transactions
    (id, type, status, currency, source_wallet_id, destination_wallet_id, amount, fee, description, risk_reasons,
     version, created_at, updated_at, completed_at)
select gen_random_uuid(), 'send', 'completed', 'USD', $1, $2, 1, 0, 'Payment', '[]', 1, at, at, at
from generate_series(1, $3::int) n, lateral (select clock_timestamp() - n * interval '10 seconds' as at) made
"""
HOURS = """
insert into wallet_usage
select $1, 'transfer', date_trunc('hour', clock_timestamp(), 'UTC') - n * interval '1 hour', 100
from generate_series(0, $2::int) n
"""
ORDERS = """
insert into transactions
    (id, type, status, currency, source_wallet_id, amount, fee, description, risk_reasons, version, created_at,
     updated_at, ask_again_at)
select gen_random_uuid(), 'withdrawal', 'created', 'USD', $1, 1, 0, 'Order', '[]', 1, clock_timestamp(),
    clock_timestamp(), clock_timestamp() + (n - 10) * interval '1 minute'
from generate_series(1, $2::int) n
"""


@pytest.fixture(scope="module", params=["fresh", "large"])
def filled(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> Iterator[Filled]:
    """A wallet that paid every ten seconds for days, with or without planner statistics."""

    async def fill(owner: "Connection[Record]") -> UUID:
        mine, other = await people(owner, "ada", "bob")
        await owner.execute(FILL, mine, other, 20_000)
        await owner.execute(HOURS, mine, 400)
        await owner.execute(ORDERS, mine, 3_000)
        if request.param == "large":
            await owner.execute("analyze transactions; analyze wallet_usage")
        return mine

    with filled_once(postgres, fill) as made:
        yield made


@pytest.fixture
def database_dsn(filled: Filled) -> Dsns:
    return filled.dsns


@pytest.fixture
def wallet(filled: Filled) -> UUID:
    return filled.wallet


def reads(plan: dict[str, Any], relation: str) -> list[float]:
    """Returns the rows that each scan of that table read, over all loops."""
    found = [node for node in nodes(plan) if node.get("Relation Name") == relation and "Scan" in node["Node Type"]]
    assert {node["Node Type"] for node in found} <= {"Index Scan", "Index Only Scan"}
    return [(node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in found]


async def use_the_clearings_settings(owner: "Connection[Record]") -> None:
    for name, value in PLANNER_SETTINGS.items():
        await owner.execute(f"set {name} = {value}")


async def test_the_look_up_of_a_limit_reads_the_hours_of_a_day_and_no_payments(
    owner: "Connection[Record]", wallet: UUID
) -> None:
    await use_the_clearings_settings(owner)
    types = "uuid[], uuid[], text[], uuid[], interval, uuid[], int, text[]"
    arguments = (f"{{{wallet}}}", "{null}", "{null}", "{null}", "1 hour", f"{{{wallet}}}", 0, "{transfer}")
    plan = await explained(owner, units._LOOK_UP, types, *arguments)
    assert sum(reads(plan, "wallet_usage")) <= 25
    assert sum(reads(plan, "transactions")) <= 1, (
        "it reads neither the payments of the day nor the orders at the bank"
    )


async def test_the_exact_sum_reads_only_the_oldest_hour_of_the_window(
    owner: "Connection[Record]", wallet: UUID
) -> None:
    await use_the_clearings_settings(owner)
    plan = await explained(owner, usage._USED, "uuid[], text[], timestamptz", f"{{{wallet}}}", "{transfer}", None)
    assert sum(reads(plan, "wallet_usage")) <= 24
    assert sum(reads(plan, "transactions")) <= 361, "at most the payments of one hour, six a minute, and one more"


async def test_the_exact_sum_reads_no_more_rows_without_the_clearings_settings(
    owner: "Connection[Record]", wallet: UUID
) -> None:
    kinds = "{" + ",".join(LimitKind) + "}"
    ids = "{" + ",".join([str(wallet)] * len(LimitKind)) + "}"
    plan = await explained(owner, usage._USED, "uuid[], text[], timestamptz", ids, kinds, None)
    assert sum(reads(plan, "transactions")) <= 3 * 361


async def test_the_sweep_reads_only_rows_that_are_due(owner: "Connection[Record]", wallet: UUID) -> None:
    plan = await explained(owner, sweeps._UNSETTLED, "int", 64)
    due = next(node for node in nodes(plan) if node.get("Index Name") == "ix_transactions_unsettled")
    assert due["Actual Rows"] <= 10
