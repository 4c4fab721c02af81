"""The spans of a server, as a collector receives them."""

import ast
import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from pocketpay.app import Classes, _traces
from pocketpay.clearing.queue import Clearing
from pocketpay.database import connecting
from pocketpay.database.connecting import WatchedConnection
from pocketpay.database.traced import name_of
from pocketpay.serving.execution import Execution
from pocketpay.serving.server_context import ServerContext
from pocketpay.tracing import spans, switch
from tests.api.test_operations import TRANSFER, pay
from tests.clients import Client, serving
from tests.conftest import Dsns
from tests.patience import PATIENCE_SECONDS
from tests.payments.customers import new_key
from tests.tracing.collector import Collector, attributes, collecting
from tests.updates.waiting import until

POCKETPAY = Path(__file__).parents[2] / "pocketpay"
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting() as one:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", one.endpoint)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
        monkeypatch.setattr(spans, "CLOSE_SECONDS", 60.0)
        yield one


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """A test ends with its threads. One that still sends spans would log into the next test."""
    yield
    for thread in threading.enumerate():
        if thread.name == "closing traces":
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()


@asynccontextmanager
async def traced(dsns: Dsns, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """Opens a server that traces. When it has closed, every span has arrived."""
    monkeypatch.setattr(connecting, "connection_class", WatchedConnection)  # put back at the end
    async with serving(dsns.server) as client:
        yield client


def named(collector: Collector, name: str) -> list[Span]:
    return [span for span in collector.spans() if span.name == name]


def children(collector: Collector, parent: Span) -> list[Span]:
    return [span for span in collector.spans() if span.parent_span_id == parent.span_id]


async def test_operations_units_and_statements_are_in_one_trace(
    database_dsn: Dsns, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with traced(database_dsn, monkeypatch) as client:
        ada, _ = await client.sign_up("ada"), await client.sign_up("bea")
        body = {"query": TRANSFER, "variables": {"input": _input("1.00")}}
        paid = await client.http.post("/graphql", json=body, headers={**ada.bearer, "traceparent": CALLER})
        assert paid.json()["data"]["transfer"]["transaction"]
        await asyncio.gather(*(pay(client, ada, "bea", "1.00") for _ in range(4)))
        refused = {**_input("9999.00"), "to": "bea"}
        answer = await client.data(
            "mutation ($input: TransferInput!) { transfer(input: $input) { errors { code } } }",
            {"input": refused},
            by=ada,
        )
        code = answer["transfer"]["errors"][0]["code"]
        await client.post("mutation { operations { setRiskSetting(input: {}) { errors { code } } } }", by=ada)
        await client.post("{ operations { riskSettings { name } } }", by=ada)

    with_caller, *others = sorted(named(collector, "mutation transfer"), key=lambda span: span.start_time_unix_nano)
    assert with_caller.trace_id.hex() == CALLER.split("-")[1]
    assert with_caller.parent_span_id.hex() == CALLER.split("-")[2]
    assert with_caller.kind == Span.SPAN_KIND_SERVER
    assert len({span.trace_id for span in (with_caller, *others)}) == 6, "each without a caller has its own trace"
    assert all(not span.parent_span_id for span in others)
    assert attributes(others[-1])["pocketpay.codes"] == [code]
    assert attributes(others[0])["pocketpay.outcome"] == "ok"
    assert "pocketpay.codes" not in attributes(others[0])

    units = named(collector, "unit of work")
    operations = {span.span_id: span for span in (with_caller, *others)}
    (unit,) = [span for span in children(collector, with_caller) if span.name == "unit of work"]
    assert {link.span_id for link in unit.links} == {with_caller.span_id}
    assert {link.span_id for span in units for link in span.links} == {*operations}, "each operation is linked once"
    assert max(len(span.links) for span in units) > 1, "operations that came together share a unit"
    for span in units:
        assert span.parent_span_id == span.links[0].span_id
        assert span.trace_id == operations[span.parent_span_id].trace_id
        assert attributes(span)["pocketpay.instructions"] == len(span.links)

    statements = children(collector, unit)
    assert (statements[0].name, statements[-1].name) == ("begin", "commit")
    assert any("." in span.name and span.name.upper() != span.name for span in statements), "names of constants"
    assert all(span.kind == Span.SPAN_KIND_CLIENT for span in statements)
    assert all(attributes(span) == {"db.system.name": "postgresql"} for span in statements)
    (forbidden,) = named(collector, "query operations")
    assert attributes(forbidden)["pocketpay.codes"] == ["FORBIDDEN"]
    assert forbidden.status.code == Status.STATUS_CODE_UNSET, "a refusal is not an error"
    (resource, *_) = collector.requests()[0].resource_spans
    assert ("service.name", "pocketpay") in {
        (one.key, one.value.string_value) for one in resource.resource.attributes
    }


async def test_no_span_has_a_value_of_a_request(
    database_dsn: Dsns, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "Xq7-secret-4711"
    async with traced(database_dsn, monkeypatch) as client:
        ada = await client.sign_up("ada_lovelace_4711")
        await client.sign_up("bea")
        input = {**_input("3.77"), "description": secret, "idempotencyKey": secret}
        await client.data(TRANSFER.replace("mutation", "mutation Xq7secret4711", 1), {"input": input}, by=ada)
        await client.post("query Xq7secret4711 { Xq7secret4711: viewer { code: username } }", by=ada)
        sign_in = f'signIn(input: {{ login: "{secret}", password: "{secret}" }})'
        await client.post(f"mutation {{ {sign_in} {{ errors {{ code }} }} }}")
        renamed = "mutation ($input: TransferInput!) { transfer(input: $input) { errors { code: message } } }"
        refused = await client.data(renamed, {"input": _input("4711.77")}, by=ada)
        assert "4711.77" in refused["transfer"]["errors"][0]["code"]
        await client.post(f'query {{ transaction(id: "{secret}") {{ id }} }}', by=ada)
    assert len(named(collector, "mutation signIn")) == 1
    assert len(named(collector, "query viewer")) == 1
    for text in (secret, "Xq7secret4711", "3.77", "4711.77", ada.token, ada.username):
        assert not [body for body in collector.bodies if text.encode() in body], text


async def test_the_span_of_a_trusted_document_has_the_name_of_its_operation(
    database_dsn: Dsns, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with traced(database_dsn, monkeypatch) as client:
        text = "query OurStart { currencies { code } }"
        client.app.state.server_context.execution.documents.trust({"start": text})
        await client.data(text)
        await client.data(text.replace("Our", "Their"))
    assert [span.name for span in collector.spans() if span.name.startswith("query")] == [
        "query OurStart",
        "query currencies",
    ]


@pytest.mark.parametrize("failure", ["hangs", "answers 500", "is down"])
async def test_a_failing_collector_does_not_stop_payments(
    database_dsn: Dsns, collector: Collector, monkeypatch: pytest.MonkeyPatch, failure: str
) -> None:
    if failure == "hangs":
        collector.open.clear()
    elif failure == "answers 500":
        collector.status = 500
    else:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr(spans, "CLOSE_SECONDS", 0.01)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    async with traced(database_dsn, monkeypatch) as client:
        ada, _ = await client.sign_up("ada"), await client.sign_up("bea")
        await pay(client, ada, "bea", "1.00")
        if failure != "is down":
            await until(collector.entered.is_set, seconds=60)
        await pay(client, ada, "bea", "1.00")
        wallet = await client.data("{ wallet { available { amount } } }", by=ada)
        assert wallet["wallet"]["available"]["amount"] == "98.00"
    if failure == "hangs":
        closing = [thread for thread in threading.enumerate() if thread.name == "closing traces"]
        assert closing, "the server has closed while the collector still does not answer"


def test_the_standard_variables_switch_traces_on_and_off() -> None:
    endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://here:4318"}
    for environment, is_on in (
        ({}, False),
        (endpoint, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://here:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": ""}, False),
        ({**endpoint, "OTEL_TRACES_EXPORTER": "none"}, False),
        ({**endpoint, "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({**endpoint, "OTEL_SDK_DISABLED": "false"}, True),
        ({"OTEL_SERVICE_NAME": "wallets"}, False),
        ({**endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
        ({**endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", switch.PROTOCOLS[0]: "http/protobuf"}, True),
    ):
        assert switch.is_on(environment) is is_on, environment
    for wrong in ({"OTEL_TRACES_EXPORTER": "zipkin"}, {**endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}):
        with pytest.raises(switch.TracesUnavailable, match="this server"):
            switch.is_on(wrong)


def test_a_server_without_the_variables_has_no_traces_and_uses_the_plain_classes() -> None:
    assert _traces() is None
    assert Classes() == Classes(Execution, ServerContext, Clearing)
    assert connecting.connection_class is WatchedConnection
    importers = {str(file.relative_to(POCKETPAY)) for file in POCKETPAY.rglob("*.py") if _imports_spans(file)}
    # All other modules import these libraries in a function, when the variables are set.
    assert importers == {"serving/traced.py", "clearing/traced.py", "database/traced.py"}


def _imports_spans(file: Path) -> bool:
    """Returns whether the module imports the spans at its top."""
    text = file.read_text(encoding="utf-8")
    lines = ast.parse(text).body if "trac" in text else []
    names = {
        name
        for line in lines
        if isinstance(line, ast.ImportFrom) and line.module is not None
        for name in (line.module, *(f"{line.module}.{one.name}" for one in line.names))
    }
    return any(name == "pocketpay.tracing.spans" or name.endswith(".traced") for name in names)


def test_a_statement_with_ids_in_its_text_has_the_name_of_its_first_word() -> None:
    assert name_of("begin; execute clearing_lock('{0190c7a0000070008000000000000001}')") == "begin"
    assert name_of("commit") == "commit"


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setitem(sys.modules, "pocketpay.tracing.spans", None)
    with pytest.raises(switch.TracesUnavailable, match=r"pip install 'pocketpay\[traces\]'"):
        _traces()


def _input(amount: str) -> dict[str, str]:
    return {"to": "bea", "amount": amount, "description": "Lunch", "idempotencyKey": new_key()}
