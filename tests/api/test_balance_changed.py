"""The subscription balanceChanged: the current balance immediately and after every change, for its owner only."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.conftest import Dsns
from tests.serving.live_server import LiveServer, live
from tests.serving.socket_client import socket
from tests.updates.waiting import until

BALANCE = "subscription { balanceChanged { balance { amount } held { amount } available { amount } version } }"


@pytest.fixture
async def server(database_dsn: Dsns) -> AsyncIterator[LiveServer]:
    async with live(database_dsn.server) as started:
        yield started


async def test_a_subscriber_gets_the_current_balance_and_then_every_change(server: LiveServer) -> None:
    ada = await server.arrive("ada")
    async with socket(server.url, ada.tokens.access_token) as client:
        balance = await client.subscribe(BALANCE)
        first = await balance.next()
        assert first["available"]["amount"] == "100.00"
        await server.deposit(ada, "12.50")
        second = await balance.next()
        assert second["available"]["amount"] == "112.50"
        assert second["version"] == first["version"] + 1


async def test_the_owner_gets_an_event_when_money_is_held_and_when_it_is_released(database_dsn: Dsns) -> None:
    async with live(database_dsn.server) as server:
        ada, _ = await server.arrive("ada"), await server.arrive("bob")
        async with socket(server.url, ada.tokens.access_token) as client:
            balance = await client.subscribe(BALANCE)
            await balance.next()
            pending = await server.send(ada, "bob", "30.00")
            event = await balance.next()
            assert [event[part]["amount"] for part in ("balance", "held", "available")] == [
                "100.00",
                "30.00",
                "70.00",
            ]
            await server.cancel(ada, pending.id)
            event = await balance.next()
            assert [event[part]["amount"] for part in ("balance", "held", "available")] == [
                "100.00",
                "0.00",
                "100.00",
            ]


async def test_a_change_made_by_another_server_is_delivered(database_dsn: Dsns) -> None:
    async with live(database_dsn.server) as here, live(database_dsn.server) as there:
        ada = await here.arrive("ada")
        async with socket(here.url, ada.tokens.access_token) as client:
            balance = await client.subscribe(BALANCE)
            await balance.next()
            await there.deposit(ada, "1.00")
            assert (await balance.next())["available"]["amount"] == "101.00"


async def test_a_change_of_one_balance_is_not_sent_to_another_user(server: LiveServer) -> None:
    ada, bob = await server.arrive("ada"), await server.arrive("bob")
    async with socket(server.url, bob.tokens.access_token) as client:
        balance = await client.subscribe(BALANCE)
        await balance.next()
        await server.deposit(ada, "1.00")
        await balance.nothing()


async def test_a_subscription_on_an_anonymous_socket_is_unauthenticated(server: LiveServer) -> None:
    async with socket(server.url, None) as client:
        error = await (await client.subscribe(BALANCE)).error()
        assert error["extensions"]["code"] == "UNAUTHENTICATED"
        assert error["path"] == ["balanceChanged"]


async def test_many_concurrent_changes_arrive_in_version_order(server: LiveServer) -> None:
    ada = await server.arrive("ada")
    async with socket(server.url, ada.tokens.access_token) as client:
        balances = [await client.subscribe(BALANCE) for _ in range(5)]
        await asyncio.gather(*(server.deposit(ada, "1.00") for _ in range(100)))
        for balance in balances:
            versions = [(await balance.next())["version"]]
            while versions[-1] < 101:
                versions.append((await balance.next())["version"])
            assert versions == sorted(set(versions))


async def test_a_watch_ends_when_its_subscription_or_its_socket_ends(server: LiveServer) -> None:
    ada = await server.arrive("ada")
    watches = server.services.feeds.balances._watches
    async with socket(server.url, ada.tokens.access_token) as client:
        stopped, kept = await client.subscribe(BALANCE), await client.subscribe(BALANCE)
        await stopped.next()
        await kept.next()
        assert len(watches[ada.viewer.wallet_id]) == 2
        await stopped.stop()
        await until(lambda: len(watches[ada.viewer.wallet_id]) == 1)
    await until(lambda: not watches)
