"""The metrics of a running server: the counts are right, and no request can create a series."""

import asyncio
import re
import time
from datetime import timedelta
from typing import Any

import pytest
import structlog
from asyncpg import Connection, Record
from structlog.testing import capture_logs

from pocketpay.database import loops, revisions
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.loops import log_errors
from pocketpay.measures import Histogram
from pocketpay.operations import figures
from pocketpay.operations.figures import Figures
from pocketpay.serving import metrics
from pocketpay.serving.metrics import Metrics
from pocketpay.serving.tags import Tag
from pocketpay.transactions.repository import unfinished
from tests.clients import Client, listening, serving
from tests.conftest import Dsns
from tests.plans import explained, rows_read, scans
from tests.serving.socket_client import socket
from tests.transactions.past import people

DEPOSIT = "mutation ($input: DepositInput!) { deposit(input: $input) { errors { code } } }"


async def series(client: Client) -> dict[str, float]:
    """Every series of the server, with its value."""
    text = (await client.http.get("/metrics")).text
    return {name: float(value) for name, value in re.findall(r"^(\w\S*(?: \S+=)?\S*) (\S+)$", text, re.MULTILINE)}


def labels(found: dict[str, float], name: str, label: str) -> set[str]:
    """The values of a label of a metric."""
    return {
        value for one in found if one.startswith(name + "{") for value in re.findall(rf'[{{,]{label}="([^"]*)"', one)
    }


async def test_operations_are_counted_by_root_field_outcome_and_code(client: Client) -> None:
    ada = await client.sign_up("ada")
    await client.post("query Anything { viewer { username } }", by=ada)
    await client.post("{ viewer { wallet { balance { amount } } } }")
    await client.post("{ nothing }")
    await client.http.post("/graphql", content=b"no json", headers={"content-type": "application/json"})
    taken = {"input": {"amount": "-5", "bankName": "First Bank", "idempotencyKey": "a deposit of ada"}}
    await client.post(DEPOSIT, taken, by=ada)
    found = await series(client)

    def operations(type_: str, operation: str, outcome: str, code: str) -> float:
        made = f'code="{code}",operation="{operation}",outcome="{outcome}",type="{type_}"'
        return found[f"pocketpay_operations_total{{{made}}}"]

    assert operations("query", "viewer", "ok", "") == 1
    assert operations("query", "viewer", "errors", "UNAUTHENTICATED") == 1
    assert operations("none", "other", "rejected", "GRAPHQL_VALIDATION_FAILED") == 1
    assert found['pocketpay_http_refusals_total{code="BAD_USER_INPUT",status="400"}'] == 1
    assert found['pocketpay_operation_seconds_count{operation="viewer",type="query"}'] == 2
    assert labels(found, "pocketpay_operations_total", "operation") == {"viewer", "deposit", "other"}


async def test_a_refusal_in_a_payload_is_counted_by_its_code(client: Client) -> None:
    ada = await client.sign_up("ada")
    before = (await series(client))['pocketpay_refusals_total{code="INVALID_INPUT"}']
    made = {"input": {"amount": "5.00", "bankName": "", "idempotencyKey": "a deposit of ada"}}
    assert (await client.data(DEPOSIT, made, by=ada))["deposit"]["errors"] == [{"code": "INVALID_INPUT"}]
    assert (await series(client))['pocketpay_refusals_total{code="INVALID_INPUT"}'] == before + 1


async def test_a_request_cannot_create_a_series(client: Client) -> None:
    """Names, aliases and codes of a request do not become labels, however many there are."""
    await client.post("{ viewer { username } }")
    before = len(await series(client))
    for number in range(5):
        await client.post(f"query Q{number} {{ viewer {{ username }} }}")
        await client.post(f"query Q{number} {{ a{number}: viewer {{ username }} }}")
        await client.post(f"query Q{number} {{ a{number}: __typename }}")
        await client.post(f"{{ no_such_field_{number} }}")
        await client.post(f"{{ viewer {{ username }} b{number}: viewer {{ id }} }}")
        await client.http.post(f"/graphql?x={number}", headers={"x-request-id": f"request{number}"})
    added = 3 * (len(metrics.BUCKETS) + 4) + 5  # query and none of "other", and new codes
    after = await series(client)
    assert len(after) <= before + added
    assert not [one for one in after if re.search(r"Q\d|a\d\b|no_such_field", one)]


async def test_payments_pushes_and_background_work_are_counted(client: Client) -> None:
    ada = await client.sign_up("ada")
    deposit = {"amount": "5.00", "bankName": "First Bank", "idempotencyKey": "a deposit of ada"}
    async with listening(client) as server, socket(f"http://127.0.0.1:{server.port}", ada.token) as one:
        balance = await one.subscribe("subscription { balanceChanged { balance { amount } } }")
        first = await balance.next()
        before = await series(client)
        await client.data(DEPOSIT, {"input": deposit}, by=ada)
        assert await balance.next() != first
        after = await series(client)

    def added(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert added('pocketpay_pushes_total{operation="balanceChanged"}') >= 1
    assert added('pocketpay_push_lag_seconds_count{feed="balances"}') >= 1
    assert added("pocketpay_clearing_units_total") == added("pocketpay_clearing_unit_seconds_count") >= 1
    assert added("pocketpay_clearing_unit_size_sum") == added("pocketpay_clearing_instructions_total") >= 1
    assert after["pocketpay_listener_up"] == 1
    assert 0 <= after["pocketpay_listener_lag_seconds"] < 60
    readers = [
        after[f'pocketpay_database_connections{{pool="readers",state="{state}"}}'] for state in ("idle", "used")
    ]
    assert sum(readers) >= 1
    assert min(readers) >= 0
    assert after["pocketpay_subscriptions"] == 1
    (build,) = [name for name in after if name.startswith("pocketpay_build_info{")]
    assert f'revision="{revisions.expected()}"' in build


async def test_background_work_has_counts_by_outcome_and_the_time_of_its_last_success(client: Client) -> None:
    def failing(error: Exception) -> None:
        with log_errors(structlog.get_logger(), work="testing", busy="put_off", failed="failed"):
            raise error

    with log_errors(structlog.get_logger(), work="testing", busy="put_off", failed="failed"):
        pass
    succeeded = (await series(client))['pocketpay_background_last_success_timestamp_seconds{work="testing"}']
    assert abs(succeeded - time.time()) < 60
    with capture_logs():
        failing(ServiceBusy("away"))
        failing(ZeroDivisionError("a bug"))
    after = await series(client)
    assert after['pocketpay_background_last_success_timestamp_seconds{work="testing"}'] == succeeded
    for outcome in ("ok", "postponed", "failed"):
        assert after[f'pocketpay_background_runs_total{{outcome="{outcome}",work="testing"}}'] == 1


@pytest.fixture(autouse=True)
def _fresh_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "RUNS", {})


async def test_the_operations_of_trusted_documents_have_their_own_names(tmp_path: Any, database_dsn: Dsns) -> None:
    manifest = tmp_path / "documents.json"
    manifest.write_text('{"one": "query HomeScreen { viewer { username } }", "two": "{ viewer { id } }"}')
    async with serving(database_dsn.server, trusted_documents=manifest, trusted_documents_mode="allow") as client:
        for document in ("one", "two"):
            await client.http.post("/graphql", json={"documentId": document})
        await client.post("query HomeScreen { viewer { username id } }")
        found = await series(client)
    seen = {one for one in found if one.startswith("pocketpay_operations_total")}
    assert {re.findall(r'operation="(\w+)"', one)[0] for one in seen} == {"HomeScreen", "viewer"}
    assert sum(found[one] for one in seen if "HomeScreen" in one) == 1, "only a trusted document has its own name"


def test_a_slow_operation_is_logged_with_its_name_duration_and_code_only(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Metrics(slow_seconds=0.5)
    monkeypatch.setattr(metrics, "log", structlog.get_logger())
    with capture_logs() as logged:
        counted.record(Tag("mutation", "transfer", "busy", "SERVICE_BUSY"), 0.5, "request-1")
        counted.record(Tag("query", "viewer", "ok", ""), 2.0, "request-2")
        counted.record(Tag("query", "viewer", "ok", ""), 0.4999, "request-3")
        counted.record(Tag("subscription", "balanceChanged", "ok", ""), 3600.0, "request-4")
    assert [{name: one[name] for name in one if name != "log_level"} for one in logged] == [
        {"event": "slow_operation", "type": "mutation", "operation": "transfer", "code": "SERVICE_BUSY",
         "seconds": 0.5, "request_id": "request-1"},
        {"event": "slow_operation", "type": "query", "operation": "viewer", "code": "ok", "seconds": 2.0,
         "request_id": "request-2"},
    ]  # fmt: skip


def test_a_histogram_counts_a_value_equal_to_a_bound_for_that_bound() -> None:
    histogram = Histogram((0.1, 1.0))
    for value in (0.0, 0.1, 0.1001, 1.0, 2.0):
        histogram.observe(value)
    assert histogram.counts == [2, 2, 1]
    assert histogram.sum == pytest.approx(3.2001)


# ------------------------------------------------------------ values from the database


def up(read: Figures) -> bool | None:
    return read.up


async def test_held_money_and_unsettled_orders_are_shown(database_dsn: Dsns, owner: "Connection[Record]") -> None:
    async with serving(database_dsn.server) as client:
        ada, bob = await people(owner, "ada", "bob")
        await owner.execute(UNFINISHED, ada, None, timedelta(hours=2), 700, 30)
        await owner.execute(UNFINISHED, ada, bob, timedelta(minutes=1), 500, 0)
        await owner.execute(UNFINISHED, None, ada, timedelta(minutes=1), 9_000, 0)  # a deposit holds nothing
        found = await series(client)
    assert found["pocketpay_database_up"] == 1
    assert found["pocketpay_unsettled_orders"] == 2
    assert 7200 <= found["pocketpay_oldest_unsettled_order_seconds"] < 7300
    assert found['pocketpay_held_amount_minor{currency="USD"}'] == 1230
    assert found['pocketpay_held_payments{currency="USD"}'] == 2
    assert found["pocketpay_database_server_connections"] >= 1
    assert abs(found["pocketpay_clock_ahead_seconds"]) < 5
    assert any(one.startswith("pocketpay_database_info{host=") for one in found)


async def test_the_last_recorded_audit_is_shown_once_there_is_one(
    database_dsn: Dsns, owner: "Connection[Record]"
) -> None:
    async with serving(database_dsn.server) as client:
        assert not [one for one in await series(client) if one.startswith("pocketpay_audit_")]
    await owner.execute(AUDITED)
    async with serving(database_dsn.server) as client:
        found = await series(client)
    assert found["pocketpay_audit_findings"] == 3
    assert found["pocketpay_audit_last_timestamp_seconds"] == 1_750_000_060
    assert found["pocketpay_audit_whole_timestamp_seconds"] == 1_749_900_000


AUDITED = """
insert into audit_runs (id, kind, ok, findings, sample, laws, began_at, finished_at, whole_at, revision, login)
values (gen_random_uuid(), 'incremental', false, 3, '[]', 48, to_timestamp(1750000000), to_timestamp(1750000060),
    to_timestamp(1749900000), '0000', 'owner')
"""

UNFINISHED = """
insert into transactions
    (id, type, status, currency, source_wallet_id, destination_wallet_id, amount, fee, description, risk_reasons,
     version, created_at, updated_at, ask_again_at, expires_at)
select gen_random_uuid(),
    case when $2::uuid is null then 'withdrawal' when $1::uuid is null then 'deposit' else 'send' end,
    case when is_order then 'created' else 'pending_confirmation' end, 'USD', $1::uuid, $2::uuid, $4, $5,
    'Unfinished', '[]', 1, at, at, case when is_order then at + interval '3 hours' end,
    case when not is_order then at + interval '3 hours' end
from (select clock_timestamp() - $3::interval as at, $1::uuid is null or $2::uuid is null as is_order) made
"""


async def test_simultaneous_requests_share_a_read_and_only_an_old_read_is_repeated(
    database_dsn: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, reads = [0.0], [0]

    async def counted(session: object) -> Any:
        reads[0] += 1
        await asyncio.sleep(0)
        return await original(session)  # type: ignore[arg-type]

    original = figures._reading
    monkeypatch.setattr(figures, "_reading", counted)
    async with serving(database_dsn.server) as client:
        read = Figures(client.services.database, lambda: now[0])
        assert up(read) is None
        await asyncio.gather(*(read.refresh() for _ in range(5)))
        now[0] = figures.FRESH_SECONDS - 0.1
        await read.refresh()
        assert (reads[0], up(read)) == (1, True)
        now[0] = figures.FRESH_SECONDS
        await read.refresh()
        assert reads[0] == 2
        now[0] *= 2
        await client.services.database.close()
        await read.refresh()
        assert (up(read), read.reading) == (False, None)


@pytest.mark.parametrize("analyzed", [False, True])
async def test_the_reads_use_the_indexes_of_unfinished_payments(owner: "Connection[Record]", analyzed: bool) -> None:
    (ada,) = await people(owner, "ada")
    await owner.execute(HISTORY, ada)
    await owner.execute(UNFINISHED, ada, None, timedelta(hours=2), 700, 30)
    if analyzed:
        await owner.execute("analyze transactions")
    for statement in (unfinished.ORDERS, unfinished.HELD):
        found = scans(await explained(owner, statement, "bigint", unfinished.MAX_READ), "transactions")
        assert {step["Node Type"] for step in found} == {"Index Scan"}
        assert rows_read(found) <= 2


HISTORY = """
insert into transactions
    (id, type, status, currency, destination_wallet_id, amount, fee, description, risk_reasons, version, created_at,
     updated_at, completed_at)
select gen_random_uuid(), 'deposit', 'completed', 'USD', $1, 1, 0, 'Paid', '[]', 1, at, at, at
from generate_series(1, 3000) n, lateral (select clock_timestamp() - n * interval '10 seconds' as at) made
"""
