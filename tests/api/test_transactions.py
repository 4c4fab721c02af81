"""The query transactions: its pages, filters and counts."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, TypeAlias

import asyncpg
import pytest

from pocketpay.transactions import history
from pocketpay.transactions.reading_time import ReadingTime
from tests.api.one_server import OneServer, serving
from tests.api.schema_client import ALL_FIELDS, NODE, ONE, CountingDatabase, SchemaClient, transaction_ids
from tests.conftest import Dsns
from tests.transactions.past import NOON, payment, people, write

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

LIST = """query ($filter: TransactionFilter, $first: Int, $after: String, $last: Int, $before: String) {
  transactions(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { id } edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


@pytest.fixture
async def server(database_dsn: Dsns) -> AsyncIterator[OneServer]:
    async with serving(database_dsn.server) as serves:
        yield serves


@pytest.fixture
async def confirming(database_dsn: Dsns) -> AsyncIterator[OneServer]:
    """A server on which every payment waits for confirmation."""
    async with serving(database_dsn.server, confirm_all=True) as serves:
        yield serves


def listed(page: dict[str, Any]) -> list[str]:
    assert [edge["node"] for edge in page["edges"]] == page["nodes"]
    return [node["id"] for node in page["nodes"]]


async def test_no_query_shows_a_held_payment_to_its_recipient(owner: Owner, confirming: OneServer) -> None:
    alice, bob = await people(owner, "alice", "bob")
    await confirming.deposit(alice, "100.00")
    held = await confirming.send(alice, "bob", "60.00")
    api = SchemaClient(confirming)
    (id,) = transaction_ids(held.id)
    assert await api.ask(bob, ONE, id=id) is None
    assert await api.ask(bob, NODE, id=id) is None
    for narrowed in (None, {"statuses": ["PENDING_CONFIRMATION"]}, {"counterparty": "alice"}, {"search": "Lunch"}):
        page = await api.ask(bob, LIST, filter=narrowed)
        assert (listed(page), page["totalCount"], page["pageInfo"]["hasNextPage"]) == ([], 0, False)
    assert await api.ask(bob, "{ recentCounterparties { username } }") == []


async def test_pages_can_be_read_forward_and_backward(owner: Owner, server: OneServer) -> None:
    alice, bob = await people(owner, "alice", "bob")
    past = [payment(alice, bob, created_at=NOON + timedelta(minutes=n)) for n in range(5)]
    await write(owner, past)
    newest_first = transaction_ids(*(one.id for one in reversed(past)))
    api = SchemaClient(server)

    one = await api.ask(alice, LIST, first=2)
    assert listed(one) == newest_first[:2]
    assert one["totalCount"] == 5
    info = one["pageInfo"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (True, False)
    assert [info["startCursor"], info["endCursor"]] == [edge["cursor"] for edge in one["edges"]]

    two = await api.ask(alice, LIST, first=2, after=info["endCursor"])
    assert listed(two) == newest_first[2:4]
    assert (two["pageInfo"]["hasNextPage"], two["pageInfo"]["hasPreviousPage"]) == (True, True)

    three = await api.ask(alice, LIST, first=2, after=two["pageInfo"]["endCursor"])
    assert listed(three) == newest_first[4:]
    assert (three["pageInfo"]["hasNextPage"], three["pageInfo"]["hasPreviousPage"]) == (False, True)

    back = await api.ask(alice, LIST, last=2, before=three["pageInfo"]["startCursor"])
    assert listed(back) == newest_first[2:4]
    assert (back["pageInfo"]["hasNextPage"], back["pageInfo"]["hasPreviousPage"]) == (True, True)
    oldest = await api.ask(alice, LIST, last=2)
    assert listed(oldest) == newest_first[3:]
    between = await api.ask(alice, LIST, after=info["startCursor"], before=three["pageInfo"]["startCursor"])
    assert listed(between) == newest_first[1:4]


async def test_the_wallet_has_the_same_list_of_transactions(owner: Owner, server: OneServer) -> None:
    alice, bob = await people(owner, "alice", "bob")
    paid = payment(alice, bob)
    await write(owner, [paid])
    wallet = await SchemaClient(server).ask(alice, "{ wallet { transactions(first: 1) { nodes { id } } } }")
    assert wallet == {"transactions": {"nodes": [{"id": transaction_ids(paid.id)[0]}]}}


async def test_a_foreign_cursor_and_invalid_page_arguments_are_refused(owner: Owner, server: OneServer) -> None:
    alice, bob = await people(owner, "alice", "bob")
    await write(owner, [payment(alice, bob)])
    api = SchemaClient(server)
    theirs = (await api.ask(bob, LIST))["pageInfo"]["endCursor"]
    mine = (await api.ask(alice, LIST))["pageInfo"]["endCursor"]
    for cursor in (theirs, "", "x", "AAAA", mine[:-2], mine + "AA", mine[::-1], "é", "\x00", "A" * 10_000):
        assert await api.refusal(alice, LIST, after=cursor) == "BAD_USER_INPUT"
        assert await api.refusal(alice, LIST, before=cursor) == "BAD_USER_INPUT"
    for page in ({"first": 101}, {"last": 101}, {"first": -1}, {"first": 1, "last": 1}):
        assert await api.refusal(alice, LIST, **page) == "BAD_USER_INPUT"
    assert listed(await api.ask(alice, LIST, first=0)) == []


async def test_each_field_of_the_filter_narrows_the_list(owner: Owner, server: OneServer) -> None:
    alice, bob, eve = await people(owner, "alice", "bob", "eve")
    rent = payment(alice, bob, description="Rent 100%", amount=90_000, created_at=NOON)
    lunch = payment(eve, alice, description="Lunch", amount=1_200, created_at=NOON + timedelta(minutes=1))
    failed = payment(alice, eve, status="failed", created_at=NOON + timedelta(minutes=2))
    top_up = payment(None, alice, amount=100_000, description="Top-up", created_at=NOON + timedelta(minutes=3))
    await write(owner, [rent, lunch, failed, top_up])
    api = SchemaClient(server)

    async def found(**narrowed: Any) -> list[str]:
        page = await api.ask(alice, LIST, filter=narrowed)
        assert page["totalCount"] == len(page["nodes"])
        return listed(page)

    assert await found(types=["DEPOSIT"]) == transaction_ids(top_up.id)
    assert await found(types=["SEND"], statuses=["COMPLETED"]) == transaction_ids(lunch.id, rent.id)
    assert await found(direction="INCOMING") == transaction_ids(top_up.id, lunch.id)
    assert await found(counterparty="@Eve") == transaction_ids(failed.id, lunch.id)
    assert await found(counterparty="alice") == []
    assert await found(counterparty="nobody") == []
    assert await found(since="2026-11-22T12:01:00Z", until="2026-11-22T13:03:00+01:00") == transaction_ids(
        failed.id, lunch.id
    )
    assert await found(minAmount="900.00") == transaction_ids(top_up.id, rent.id)
    assert await found(minAmount=0, maxAmount="12") == transaction_ids(failed.id, lunch.id)
    assert await found(search="0%") == transaction_ids(rent.id)
    assert await found(search="LUNCH", direction="INCOMING") == transaction_ids(lunch.id)
    assert await found(search="\x00") == []
    assert await found(types=[]) == []
    assert await found(minAmount="2.00", maxAmount="1.00") == []
    assert await found(since="2026-11-22T12:01:00Z", until="2026-11-22T12:01:00Z") == []
    assert len(await found(search="", types=None)) == 4
    for wrong in ({"minAmount": "1.005"}, {"maxAmount": "-1"}, {"since": "yesterday"}, {"types": ["GIFT"]}):
        assert await api.refusal(alice, LIST, filter=wrong) == "BAD_USER_INPUT"


async def test_a_filtered_list_continues_where_the_search_of_the_last_page_stopped(
    owner: Owner, server: OneServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MAX_SCANNED", 5)
    monkeypatch.setattr(ReadingTime, "is_left", False)
    alice, bob = await people(owner, "alice", "bob")
    rent = payment(alice, bob, description="Rent", created_at=NOON)
    await write(owner, [rent, *(payment(alice, bob, created_at=NOON + timedelta(minutes=n)) for n in range(1, 13))])
    api = SchemaClient(server)
    after, found = None, []
    for _ in range(3):
        page = await api.ask(alice, LIST, filter={"search": "rent"}, after=after)
        found += listed(page)
        after = page["pageInfo"]["endCursor"]
        assert page["pageInfo"]["hasNextPage"] == (not found)
    assert found == transaction_ids(rent.id)


async def test_a_filtered_list_reads_until_its_page_is_full(
    owner: Owner, server: OneServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MAX_SCANNED", 5)
    monkeypatch.setattr(ReadingTime, "is_left", True)
    alice, bob = await people(owner, "alice", "bob")
    rent = payment(alice, bob, description="Rent", created_at=NOON)
    await write(owner, [rent, *(payment(alice, bob, created_at=NOON + timedelta(minutes=n)) for n in range(1, 13))])
    page = await SchemaClient(server).ask(alice, LIST, filter={"search": "rent"})
    assert (listed(page), page["pageInfo"]["hasNextPage"]) == (transaction_ids(rent.id), False)


async def test_the_filtered_lists_of_one_operation_share_one_time_limit(
    owner: Owner, server: OneServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ReadingTime] = []
    monkeypatch.setattr(history, "MAX_SCANNED", 5)
    monkeypatch.setattr(ReadingTime, "is_left", property(asked.append))
    alice, bob = await people(owner, "alice", "bob")
    await write(owner, [payment(alice, bob, created_at=NOON + timedelta(minutes=n)) for n in range(13)])
    api = SchemaClient(server)
    page = '(filter: {search: "rent"}) { nodes { id } }'
    for _ in range(2):
        await api.answer(alice, f"{{ a: transactions{page} b: transactions{page} }}")
    first, second, third, fourth = asked
    assert first is second
    assert third is fourth
    assert first is not third


async def test_the_total_count_is_null_above_its_maximum(
    owner: Owner, server: OneServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MAX_COUNT", 2)
    alice, bob = await people(owner, "alice", "bob")
    await write(owner, [payment(alice, bob) for _ in range(3)])
    assert (await SchemaClient(server).ask(alice, LIST))["totalCount"] is None


async def test_a_page_with_its_profiles_and_entries_takes_three_reads(
    owner: Owner, server: OneServer, database_dsn: Dsns
) -> None:
    alice, *others = await people(owner, "alice", "bob", "cleo", "dan")
    await write(owner, [payment(alice, others[n % 3]) for n in range(30)])
    database = await CountingDatabase.open(database_dsn.server)
    page = await SchemaClient(server, database).ask(alice, f"{{ transactions(first: 20) {{ nodes {ALL_FIELDS} }} }}")
    assert len(page["nodes"]) == 20
    assert database.reads == 1 + 3, (
        "one when the database opens, then one each for the page, the profiles and the entries"
    )
    await database.close()


async def test_an_anonymous_request_cannot_read_transactions_or_profiles(owner: Owner, server: OneServer) -> None:
    api = SchemaClient(server)
    for text in (
        "{ transactions { totalCount } }",
        '{ transaction(id: "transaction_01") { id } }',
        "{ recentCounterparties { id } }",
        '{ searchProfiles(text: "a") { id } }',
    ):
        assert await api.refusal(None, text) == "UNAUTHENTICATED"
