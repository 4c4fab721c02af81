"""The subscription riskConfirmationRequested: the sender gets each pending payment once, the recipient none."""

from collections.abc import AsyncIterator

import pytest

from pocketpay.api import ids
from tests.conftest import Dsns
from tests.serving.live_server import LiveServer, live
from tests.serving.socket_client import socket

REQUESTED = """subscription { riskConfirmationRequested {
    id status direction amount { amount } expiresAt riskReasons { rule message } recipient { username } } }"""


@pytest.fixture
async def server(database_dsn: Dsns) -> AsyncIterator[LiveServer]:
    async with live(database_dsn.server) as started:
        yield started


async def test_pending_payments_arrive_oldest_first_and_new_ones_arrive_once(server: LiveServer) -> None:
    ada, _ = await server.arrive("ada"), await server.arrive("bob")
    waiting = [await server.send(ada, "bob", amount) for amount in ("1.00", "2.00", "3.00")]
    await server.cancel(ada, waiting[1].id)
    async with socket(server.url, ada.tokens.access_token) as client:
        requested = await client.subscribe(REQUESTED)
        events = [await requested.next(), await requested.next()]
        assert [one["amount"]["amount"] for one in events] == ["1.00", "3.00"]
        assert {one["status"] for one in events} == {"PENDING_CONFIRMATION"}
        assert events[0]["riskReasons"][0]["rule"] == "NEW_RECIPIENT"
        assert events[0]["recipient"] == {"username": "bob"}
        assert events[0]["expiresAt"] is not None
        new = await server.send(ada, "bob", "4.00")
        assert (await requested.next())["id"] == ids.encode(ids.TRANSACTION, new.id)
        await server.confirm(ada, waiting[0].id)
        await server.cancel(ada, new.id)
        await requested.nothing()


async def test_the_recipient_gets_no_event_for_a_payment_that_waits_for_confirmation(server: LiveServer) -> None:
    ada, bob = await server.arrive("ada"), await server.arrive("bob")
    async with socket(server.url, bob.tokens.access_token) as client:
        requested = await client.subscribe(REQUESTED)
        updates = await client.subscribe("subscription { transactionUpdated { id } }")
        pending = await server.send(ada, "bob", "1.00")
        await server.cancel(ada, pending.id)
        await requested.nothing()
        await updates.nothing(0)
