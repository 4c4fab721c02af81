"""Wallet.entries and Wallet.balanceAt: the ledger entries of a wallet in pages, and its balance at a time."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, TypeAlias

import asyncpg
import pytest

from pocketpay.database.sessions import Database
from tests.api.one_server import OneServer, serving
from tests.api.schema_client import CountingDatabase, SchemaClient, transaction_ids
from tests.conftest import Dsns
from tests.ledger.posted import Paid, post
from tests.transactions.past import NOON, people

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

LIST = """query ($first: Int, $after: String, $last: Int, $before: String) {
  wallet { entries(first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { sequence amount { amount } balanceAfter { amount } } edges { cursor node { sequence } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""
AT = "query ($time: DateTime!) { wallet { balanceAt(time: $time) { amount } } }"


@pytest.fixture
async def server(database_dsn: Dsns) -> AsyncIterator[OneServer]:
    async with serving(database_dsn.server) as serves:
        yield serves


def numbers(page: dict[str, Any]) -> list[int]:
    assert [edge["node"]["sequence"] for edge in page["edges"]] == [node["sequence"] for node in page["nodes"]]
    return [node["sequence"] for node in page["nodes"]]


async def entries(api: SchemaClient, wallet: Any, **page: Any) -> dict[str, Any]:
    listed: dict[str, Any] = (await api.ask(wallet, LIST, **page))["entries"]
    return listed


async def balance_at(api: SchemaClient, wallet: Any, time: str) -> str:
    return str((await api.ask(wallet, AT, time=time))["balanceAt"]["amount"])


def deposits(wallet: Any, many: int) -> list[Paid]:
    return [Paid(NOON + timedelta(minutes=n), None, wallet, 100) for n in range(many)]


async def test_entries_are_listed_newest_first_with_the_balance_after_each(owner: Owner, server: OneServer) -> None:
    alice, bob = await people(owner, "alice", "bob")
    await server.deposit(alice, "10.00")
    await server.send(alice, "bob", "4.00")
    page = await entries(SchemaClient(server), alice)
    assert page["nodes"] == [
        {"sequence": 2, "amount": {"amount": "-4.00"}, "balanceAfter": {"amount": "6.00"}},
        {"sequence": 1, "amount": {"amount": "10.00"}, "balanceAfter": {"amount": "10.00"}},
    ]
    assert page["totalCount"] == 2
    assert numbers(await entries(SchemaClient(server), bob)) == [1]


async def test_pages_can_be_read_forward_and_backward(owner: Owner, server: OneServer) -> None:
    (alice,) = await people(owner, "alice")
    await post(owner, deposits(alice, 5))
    api = SchemaClient(server)
    one = await entries(api, alice, first=2)
    two = await entries(api, alice, first=2, after=one["pageInfo"]["endCursor"])
    three = await entries(api, alice, first=2, after=two["pageInfo"]["endCursor"])
    assert [numbers(page) for page in (one, two, three)] == [[5, 4], [3, 2], [1]]
    ends = [(page["pageInfo"]["hasPreviousPage"], page["pageInfo"]["hasNextPage"]) for page in (one, two, three)]
    assert ends == [(False, True), (True, True), (True, False)]
    back = await entries(api, alice, last=2, before=three["pageInfo"]["startCursor"])
    assert numbers(back) == [3, 2]
    assert numbers(await entries(api, alice, last=2)) == [2, 1]
    between = {"after": one["pageInfo"]["startCursor"], "before": three["pageInfo"]["startCursor"]}
    assert numbers(await entries(api, alice, **between)) == [4, 3, 2]
    assert {page["totalCount"] for page in (one, two, three, back)} == {5}


async def test_pages_neither_repeat_nor_skip_entries_while_others_are_written(
    owner: Owner, server: OneServer
) -> None:
    (alice,) = await people(owner, "alice")
    await post(owner, deposits(alice, 6))
    api, gone, after = SchemaClient(server), [], None
    while True:
        page = await entries(api, alice, first=2, after=after)
        gone += numbers(page)
        await server.deposit(alice, "1.00")
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert gone == [6, 5, 4, 3, 2, 1]
    assert (await entries(api, alice))["totalCount"] == 9


async def test_a_foreign_cursor_and_invalid_page_arguments_are_refused(owner: Owner, server: OneServer) -> None:
    alice, bob = await people(owner, "alice", "bob")
    await post(owner, [*deposits(alice, 2), *deposits(bob, 2)])
    api = SchemaClient(server)
    theirs = (await entries(api, bob))["pageInfo"]["endCursor"]
    mine = (await entries(api, alice))["pageInfo"]["endCursor"]
    of_transactions = (await api.ask(alice, "{ transactions { pageInfo { endCursor } } }"))["pageInfo"]["endCursor"]
    for cursor in (theirs, of_transactions, "", "x", mine[:-2], mine + "AA", "é"):
        assert await api.refusal(alice, LIST, after=cursor) == "BAD_USER_INPUT"
    for page in ({"first": 101}, {"last": 101}, {"first": -1}, {"first": 1, "last": 1}):
        assert await api.refusal(alice, LIST, **page) == "BAD_USER_INPUT"
    assert numbers(await entries(api, alice, first=0)) == []


async def test_a_page_with_transactions_and_counterparties_takes_five_reads(
    owner: Owner, server: OneServer, database_dsn: Dsns
) -> None:
    alice, bob = await people(owner, "alice", "bob")
    paid = [Paid(NOON, None, alice, 100_000)]
    paid += [Paid(NOON + timedelta(minutes=n), alice, bob, 10) for n in range(1, 60)]
    await post(owner, paid)
    counting: Database = await CountingDatabase.open(database_dsn.server)
    api = SchemaClient(server, counting)
    counting.reads = 0  # type: ignore[attr-defined]
    text = """{ wallet { entries(first: 50) { nodes { sequence
                transaction { id type counterparty { username } entries { sequence } } } } } }"""
    nodes = (await api.ask(alice, text))["entries"]["nodes"]
    assert [node["transaction"]["id"] for node in nodes] == transaction_ids(*(one.id for one in reversed(paid[10:])))
    assert all(
        [node["sequence"]] == [entry["sequence"] for entry in node["transaction"]["entries"]] for node in nodes
    )
    assert counting.reads == 5  # type: ignore[attr-defined]  # wallet, entries, transactions, their people, their entries
    await counting.close()


async def test_balance_at_a_time_includes_entries_posted_at_or_before_it(owner: Owner, server: OneServer) -> None:
    alice, bob = await people(owner, "alice", "bob")
    times = [NOON, NOON, NOON + timedelta(microseconds=1), NOON + timedelta(days=1)]
    await post(owner, [Paid(at, None, alice, 100) for at in times])
    api = SchemaClient(server)
    assert await balance_at(api, alice, "2026-11-22T11:59:59.999999Z") == "0.00"
    assert await balance_at(api, alice, "2026-11-22T12:00:00Z") == "2.00"
    assert await balance_at(api, alice, "2026-11-22T13:00:00.000001+01:00") == "3.00"
    assert await balance_at(api, alice, "2026-11-23T11:59:59.999999Z") == "3.00"
    assert await balance_at(api, alice, "2026-11-23T12:00:00Z") == "4.00"
    assert await balance_at(api, alice, "1970-01-01T00:00:00Z") == "0.00"
    assert await balance_at(api, alice, "0001-01-01T00:00:00Z") == "0.00"
    assert await balance_at(api, alice, "9999-12-31T23:59:59.999999Z") == "4.00"
    assert await balance_at(api, bob, "9999-12-31T23:59:59.999999Z") == "0.00"
    for wrong in ("yesterday", "2026-11-22", "2026-11-22T12:00:00"):
        assert await api.refusal(alice, AT, time=wrong) == "BAD_USER_INPUT"
    assert await api.refusal(None, AT, time="2026-11-22T12:00:00Z") == "UNAUTHENTICATED"


async def test_balance_at_a_time_includes_held_money(owner: Owner, database_dsn: Dsns) -> None:
    alice, _ = await people(owner, "alice", "bob")
    async with serving(database_dsn.server, confirm_all=True) as server:
        await server.deposit(alice, "10.00")
        held = await server.send(alice, "bob", "4.00")
        moment = held.created_at.isoformat()
        assert await balance_at(SchemaClient(server), alice, moment) == "10.00"
        await server.confirm(alice, held.id)
        assert await balance_at(SchemaClient(server), alice, moment) == "10.00"
        assert await balance_at(SchemaClient(server), alice, "9999-01-01T00:00:00Z") == "6.00"


async def test_balances_at_many_times_are_read_together(owner: Owner, server: OneServer, database_dsn: Dsns) -> None:
    (alice,) = await people(owner, "alice")
    await post(owner, deposits(alice, 40))
    counting: Database = await CountingDatabase.open(database_dsn.server)
    api = SchemaClient(server, counting)
    counting.reads = 0  # type: ignore[attr-defined]
    fields = " ".join(f'at{n}: balanceAt(time: "2026-11-22T12:{n:02}:00Z") {{ amount }}' for n in range(20))
    balances = await api.ask(alice, f"{{ wallet {{ {fields} }} }}")
    assert [one["amount"] for one in balances.values()] == [f"{n}.00" for n in range(1, 21)]
    assert counting.reads == 2  # type: ignore[attr-defined]  # the wallet, the moments
    await counting.close()
