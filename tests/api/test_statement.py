"""Wallet.statement: the amounts of a month add up, for every month and while entries are written."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import asyncpg
import pytest

from tests.api.one_server import OneServer, serving
from tests.api.schema_client import CountingDatabase, SchemaClient
from tests.conftest import Dsns
from tests.ledger.posted import Paid, post
from tests.transactions.past import people

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

STATEMENT = """query ($month: String!, $first: Int, $after: String, $last: Int, $before: String) {
  wallet { statement(month: $month) {
  month opening { amount } closing { amount } moneyIn { amount } moneyOut { amount } fees { amount } csvUrl
  entries(first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { sequence amount { amount } balanceAfter { amount } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }"""

NOVEMBER, DECEMBER = datetime(2025, 11, 1, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.fixture
async def server(database_dsn: Dsns) -> AsyncIterator[OneServer]:
    async with serving(database_dsn.server) as serves:
        yield serves


async def statement(api: SchemaClient, wallet: Any, month: str, **page: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await api.ask(wallet, STATEMENT, month=month, **page))["statement"]
    assert found["month"] == month
    return found


def amounts(found: dict[str, Any], *names: str) -> list[str]:
    return [found[name]["amount"] for name in names]


def entries(found: dict[str, Any]) -> Decimal:
    """The sum of the entries of a page."""
    return sum((Decimal(node["amount"]["amount"]) for node in found["entries"]["nodes"]), Decimal(0))


async def test_a_month_in_utc_has_the_entries_posted_in_that_month(owner: Owner, server: OneServer) -> None:
    alice, bob = await people(owner, "alice", "bob")
    await post(
        owner,
        [
            Paid(NOVEMBER - TICK, None, alice, 10_000),
            Paid(NOVEMBER, alice, bob, 1_000, fee=15),
            Paid(DECEMBER - TICK, None, alice, 500),
            Paid(DECEMBER, alice, bob, 200),
        ],
    )
    api = SchemaClient(server)
    november = await statement(api, alice, "2025-11")
    assert amounts(november, "opening", "moneyIn", "moneyOut", "fees", "closing") == [
        *("100.00", "5.00", "10.15", "0.15", "94.85")
    ]
    assert [node["amount"]["amount"] for node in november["entries"]["nodes"]] == ["-10.15", "5.00"]
    assert november["entries"]["totalCount"] == 2
    december = await statement(api, alice, "2025-12")
    assert amounts(december, "opening", "moneyIn", "moneyOut", "fees", "closing") == [
        *("94.85", "0.00", "2.00", "0.00", "92.85")
    ]
    assert amounts(await statement(api, alice, "2025-10"), "opening", "closing") == ["0.00", "100.00"]
    # The recipient gets the amount without the fee, which the sender paid.
    assert amounts(await statement(api, bob, "2025-11"), "moneyIn", "fees") == ["10.00", "0.00"]


async def test_a_month_before_the_wallet_is_zero_and_a_future_one_has_the_balance(
    owner: Owner, server: OneServer
) -> None:
    (alice,) = await people(owner, "alice")
    await server.deposit(alice, "12.00")
    nothing: dict[str, Any] = {
        "totalCount": 0,
        "nodes": [],
        "pageInfo": dict.fromkeys(("hasNextPage", "hasPreviousPage"), False),
    }
    nothing["pageInfo"] |= dict.fromkeys(("startCursor", "endCursor"))
    for month, balance in (("1999-01", "0.00"), ("0001-01", "0.00"), ("2999-01", "12.00"), ("9999-12", "12.00")):
        found = await statement(SchemaClient(server), alice, month)
        assert amounts(found, "opening", "closing", "moneyIn", "moneyOut", "fees") == [balance] * 2 + ["0.00"] * 3
        assert found["entries"] == nothing


async def test_the_current_month_adds_up_while_entries_are_written(owner: Owner, server: OneServer) -> None:
    alice, _ = await people(owner, "alice", "bob")
    api, month = SchemaClient(server), f"{datetime.now(UTC):%Y-%m}"
    for n in range(1, 6):
        await server.deposit(alice, "10.00")
        await server.send(alice, "bob", f"{n}.00")
        found = await statement(api, alice, month)
        assert found["entries"]["totalCount"] == 2 * n
        opening, closing, paid_in, paid_out = (
            Decimal(one) for one in amounts(found, "opening", "closing", "moneyIn", "moneyOut")
        )
        assert opening + entries(found) == closing == opening + paid_in - paid_out
        assert str(closing) == found["entries"]["nodes"][-1]["balanceAfter"]["amount"]


async def test_pages_of_the_current_month_continue_to_entries_written_meanwhile(
    owner: Owner, server: OneServer
) -> None:
    (alice,) = await people(owner, "alice")
    api, month = SchemaClient(server), f"{datetime.now(UTC):%Y-%m}"
    for _ in range(3):
        await server.deposit(alice, "1.00")
    one = await statement(api, alice, month, first=2)
    assert one["entries"]["pageInfo"]["hasNextPage"]
    await server.deposit(alice, "1.00")
    two = await statement(api, alice, month, first=5, after=one["entries"]["pageInfo"]["endCursor"])
    assert [node["sequence"] for page in (one, two) for node in page["entries"]["nodes"]] == [1, 2, 3, 4]
    assert Decimal(two["opening"]["amount"]) + entries(one) + entries(two) == Decimal(two["closing"]["amount"])


async def test_a_page_does_not_go_beyond_its_month(owner: Owner, server: OneServer) -> None:
    (alice,) = await people(owner, "alice")
    await post(owner, [Paid(at, None, alice, 1) for at in (NOVEMBER - TICK, NOVEMBER, DECEMBER - TICK, DECEMBER)])
    api = SchemaClient(server)
    one = await statement(api, alice, "2025-11", first=1)
    two = await statement(api, alice, "2025-11", first=1, after=one["entries"]["pageInfo"]["endCursor"])
    assert [node["sequence"] for page in (one, two) for node in page["entries"]["nodes"]] == [2, 3]
    assert not two["entries"]["pageInfo"]["hasNextPage"]
    for month in ("2025-10", "2025-12"):
        cursor = two["entries"]["pageInfo"]["endCursor"]
        assert await api.refusal(alice, STATEMENT, month=month, after=cursor) == "BAD_USER_INPUT"


async def test_backward_pages_of_a_month_stay_in_the_month_and_in_order(owner: Owner, server: OneServer) -> None:
    (alice,) = await people(owner, "alice")
    within = [NOVEMBER + n * TICK for n in range(5)]
    await post(owner, [Paid(at, None, alice, 1) for at in (NOVEMBER - TICK, *within, DECEMBER)])
    api, pages, before = SchemaClient(server), [], None
    for more in (True, True, False):
        page = (await statement(api, alice, "2025-11", last=2, before=before))["entries"]
        info = page["pageInfo"]
        assert (info["hasPreviousPage"], info["hasNextPage"]) == (more, before is not None)
        pages.append([node["sequence"] for node in page["nodes"]])
        before = info["startCursor"]
    assert pages == [[5, 6], [3, 4], [2]]


async def test_a_page_between_two_cursors_has_the_entries_between_them(owner: Owner, server: OneServer) -> None:
    (alice,) = await people(owner, "alice")
    await post(owner, [Paid(NOVEMBER + n * TICK, None, alice, 1) for n in range(6)])
    api = SchemaClient(server)
    ends = (await statement(api, alice, "2025-11", first=2))["entries"]["pageInfo"]["startCursor"]
    starts = (await statement(api, alice, "2025-11", last=1))["entries"]["pageInfo"]["startCursor"]
    for size, sequences in (({"first": 3}, [2, 3, 4]), ({"last": 3}, [3, 4, 5]), ({}, [2, 3, 4, 5])):
        page = (await statement(api, alice, "2025-11", after=ends, before=starts, **size))["entries"]
        assert [node["sequence"] for node in page["nodes"]] == sequences
    for wrong in ({"first": 1, "last": 1}, {"last": 101}, {"before": "x"}):
        assert await api.refusal(alice, STATEMENT, month="2025-11", **wrong) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "month", ["", "2025", "2025-13", "2025-00", "0000-01", "2025-11-01", "November", "2025-11\n"]
)
async def test_an_invalid_month_is_bad_user_input(owner: Owner, server: OneServer, month: str) -> None:
    (alice,) = await people(owner, "alice")
    assert await SchemaClient(server).refusal(alice, STATEMENT, month=month) == "BAD_USER_INPUT"


IN_ZONE = """query ($month: String!, $zone: String!, $first: Int, $after: String) { wallet {
  statement(month: $month, timeZone: $zone) {
    month timeZone opening { amount } closing { amount } moneyIn { amount } csvUrl
    entries(first: $first, after: $after) { nodes { sequence amount { amount } } pageInfo { endCursor } } } } }"""


async def in_zone(api: SchemaClient, wallet: Any, month: str, zone: str, **page: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await api.ask(wallet, IN_ZONE, month=month, zone=zone, **page))["statement"]
    assert (found["month"], found["timeZone"]) == (month, zone)
    return found


async def test_a_month_begins_and_ends_in_the_requested_time_zone(owner: Owner, server: OneServer) -> None:
    (alice,) = await people(owner, "alice")
    berlin = NOVEMBER - timedelta(hours=1)
    new_york = NOVEMBER + timedelta(hours=4)
    await post(owner, [Paid(at, None, alice, 100) for at in (berlin - TICK, berlin, NOVEMBER, new_york)])
    api = SchemaClient(server)
    for zone, opening in (("Europe/Berlin", "1.00"), ("UTC", "2.00"), ("America/New_York", "3.00")):
        found = await in_zone(api, alice, "2025-11", zone)
        assert amounts(found, "opening", "closing") == [opening, "4.00"]
        assert Decimal(opening) + entries(found) == Decimal("4.00")
        assert ("timeZone=" in found["csvUrl"]) == (zone != "UTC")
    assert await api.ask(alice, '{ wallet { statement(month: "2025-11") { timeZone opening { amount } } } }') == {
        "statement": {"timeZone": "UTC", "opening": {"amount": "2.00"}}
    }


async def test_two_time_zones_in_one_request_are_two_statements(owner: Owner, server: OneServer) -> None:
    (alice,) = await people(owner, "alice")
    await post(owner, [Paid(at, None, alice, 100) for at in (NOVEMBER - timedelta(hours=1), NOVEMBER)])
    both = """{ wallet { utc: statement(month: "2025-11") { opening { amount } }
      berlin: statement(month: "2025-11", timeZone: "Europe/Berlin") { opening { amount } } } }"""
    found = await SchemaClient(server).ask(alice, both)
    assert [amounts(found[name], "opening") for name in ("utc", "berlin")] == [["1.00"], ["0.00"]]


async def test_a_cursor_is_valid_only_in_its_own_time_zone(owner: Owner, server: OneServer) -> None:
    (alice,) = await people(owner, "alice")
    await post(owner, [Paid(NOVEMBER + n * TICK, None, alice, 100) for n in range(3)])
    api = SchemaClient(server)
    one = await in_zone(api, alice, "2025-11", "Europe/Berlin", first=2)
    cursor = one["entries"]["pageInfo"]["endCursor"]
    two = await in_zone(api, alice, "2025-11", "Europe/Berlin", after=cursor)
    assert [node["sequence"] for page in (one, two) for node in page["entries"]["nodes"]] == [1, 2, 3]
    for zone in ("UTC", "Europe/Paris"):
        assert await api.refusal(alice, IN_ZONE, month="2025-11", zone=zone, after=cursor) == "BAD_USER_INPUT"


@pytest.mark.parametrize("zone", ["", "Berlin", "europe/berlin", "+01:00", "CET ", "../UTC", "Europe/Berlin\n"])
async def test_an_invalid_time_zone_is_bad_user_input_with_a_valid_example(
    owner: Owner, server: OneServer, zone: str
) -> None:
    (alice,) = await people(owner, "alice")
    answer = await SchemaClient(server).answer(alice, IN_ZONE, month="2025-11", zone=zone)
    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "inputPath": ["timeZone"]}
    assert error["message"] == 'A time zone is an IANA name, like "Europe/Berlin" or "UTC".'


async def test_an_anonymous_request_gets_no_statement(server: OneServer) -> None:
    assert await SchemaClient(server).refusal(None, STATEMENT, month="2025-11") == "UNAUTHENTICATED"


async def test_statements_of_a_year_take_one_read_and_one_per_month_with_entries(
    owner: Owner, server: OneServer, database_dsn: Dsns
) -> None:
    (alice,) = await people(owner, "alice")
    await post(owner, [Paid(NOVEMBER, None, alice, 100), Paid(DECEMBER, None, alice, 300)])
    counting = await CountingDatabase.open(database_dsn.server)
    api = SchemaClient(server, counting)
    counting.reads = 0
    fields = " ".join(
        f'm{n}: statement(month: "2025-{n:02}") {{ opening {{ amount }} moneyIn {{ amount }} moneyOut {{ amount }} }}'
        for n in range(1, 13)
    )
    months = await api.ask(alice, f"{{ wallet {{ {fields} }} }}")
    assert [months[name]["moneyIn"]["amount"] for name in ("m10", "m11", "m12")] == ["0.00", "1.00", "3.00"]
    assert counting.reads == 4  # the wallet, the statements, the sums of two months
    await counting.close()
