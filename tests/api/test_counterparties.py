"""Finding a recipient: recent counterparties and a search by name."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TypeAlias

import asyncpg
import pytest

from tests.api.one_server import OneServer, serving
from tests.api.schema_client import CountingDatabase, SchemaClient
from tests.conftest import Dsns
from tests.transactions.past import NOON, payment, people, write

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

RECENT = "query ($first: Int) { recentCounterparties(first: $first) { username name } }"
SEARCH = "query ($text: String!, $first: Int) { searchProfiles(text: $text, first: $first) { username } }"


@pytest.fixture
async def server(database_dsn: Dsns) -> AsyncIterator[OneServer]:
    async with serving(database_dsn.server) as serves:
        yield serves


async def test_recent_counterparties_are_ordered_by_their_latest_payment(
    owner: Owner, server: OneServer, database_dsn: Dsns
) -> None:
    alice, bob, cleo, dan = await people(owner, "alice", "bob", "cleo", "dan")
    pairs = [(alice, bob), (cleo, alice), (alice, dan), (alice, bob)]
    await write(owner, [payment(*pair, created_at=NOON + timedelta(minutes=n)) for n, pair in enumerate(pairs)])
    database = await CountingDatabase.open(database_dsn.server)
    api = SchemaClient(server, database)
    assert [one["username"] for one in await api.ask(alice, RECENT)] == ["bob", "dan", "cleo"]
    assert database.reads == 1 + 2
    assert await api.ask(alice, RECENT, first=1) == [{"username": "bob", "name": "Bob"}]
    assert await api.ask(alice, RECENT, first=None) == await api.ask(alice, RECENT)
    assert [one["username"] for one in await api.ask(cleo, RECENT)] == ["alice"]
    await database.close()


async def test_recent_counterparties_leave_out_closed_users(owner: Owner, server: OneServer) -> None:
    alice, bob = await people(owner, "alice", "bob")
    await write(owner, [payment(alice, bob)])
    await owner.execute("update users set closed_at = clock_timestamp() where username = 'bob'")
    assert await SchemaClient(server).ask(alice, RECENT) == []


async def test_search_finds_profiles_by_the_prefix_of_a_username(owner: Owner, server: OneServer) -> None:
    alice, *_ = await people(owner, "alice", "alfred", "bob")
    api = SchemaClient(server)
    assert [one["username"] for one in await api.ask(alice, SEARCH, text="AL")] == ["alfred", "alice"]
    assert len(await api.ask(alice, SEARCH, text="al", first=1)) == 1
    assert await api.ask(alice, SEARCH, text="\x00") == []


async def test_requesting_more_than_a_hundred_profiles_is_refused(owner: Owner, server: OneServer) -> None:
    (alice,) = await people(owner, "alice")
    api = SchemaClient(server)
    for first in (-1, 101):
        assert await api.refusal(alice, RECENT, first=first) == "BAD_USER_INPUT"
        assert await api.refusal(alice, SEARCH, text="a", first=first) == "BAD_USER_INPUT"
