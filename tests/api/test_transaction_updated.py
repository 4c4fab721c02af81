"""The subscription transactionUpdated: only users who may see a transaction get its changes."""

from collections.abc import AsyncIterator

import pytest
import uuid_utils.compat as uuids

from pocketpay.api import ids
from tests.conftest import Dsns
from tests.serving.live_server import LiveServer, live
from tests.serving.socket_client import socket

ONE = "subscription ($id: ID!) { transactionUpdated(id: $id) { id status direction } }"
ALL = "subscription { transactionUpdated { id status direction isRisky } }"


@pytest.fixture
async def server(database_dsn: Dsns) -> AsyncIterator[LiveServer]:
    async with live(database_dsn.server) as started:
        yield started


async def test_a_subscriber_gets_the_transaction_immediately_and_then_its_changes(server: LiveServer) -> None:
    ada, _ = await server.arrive("ada"), await server.arrive("bob")
    pending = await server.send(ada, "bob", "1.00")
    other = await server.send(ada, "bob", "2.00")
    async with socket(server.url, ada.tokens.access_token) as client:
        updates = await client.subscribe(ONE, id=ids.encode(ids.TRANSACTION, pending.id))
        assert (await updates.next())["status"] == "PENDING_CONFIRMATION"
        await server.cancel(ada, other.id)
        await server.confirm(ada, pending.id)
        assert (await updates.next())["status"] == "COMPLETED"
        await updates.nothing()


async def test_the_recipient_can_subscribe_to_a_payment_only_when_it_is_completed(server: LiveServer) -> None:
    ada, bob = await server.arrive("ada"), await server.arrive("bob")
    payment = await server.send(ada, "bob", "1.00")
    id = ids.encode(ids.TRANSACTION, payment.id)
    async with socket(server.url, bob.tokens.access_token) as client:
        error = await (await client.subscribe(ONE, id=id)).error()
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        await server.confirm(ada, payment.id)
        event = await (await client.subscribe(ONE, id=id)).next()
        assert (event["status"], event["direction"]) == ("COMPLETED", "INCOMING")


async def test_nobody_can_subscribe_to_a_transaction_of_another_user(server: LiveServer) -> None:
    ada, eve = await server.arrive("ada"), await server.arrive("eve")
    deposit = await server.deposit(ada, "1.00")
    strange = [
        ids.encode(ids.TRANSACTION, deposit.id),
        ids.encode(ids.TRANSACTION, uuids.uuid7()),
        ids.encode(ids.WALLET, deposit.id),
        "transaction_",
        "",
    ]
    async with socket(server.url, eve.tokens.access_token) as client:
        errors = [await (await client.subscribe(ONE, id=id)).error() for id in strange]
    assert {error["message"] for error in errors} == {"No transaction has this id."}
    assert {error["extensions"]["code"] for error in errors} == {"BAD_USER_INPUT"}
    assert not server.services.feeds.transactions._watches


async def test_each_side_gets_only_the_changes_that_it_may_see(server: LiveServer) -> None:
    ada, bob = await server.arrive("ada"), await server.arrive("bob")
    eve = await server.arrive("eve")
    async with (
        socket(server.url, ada.tokens.access_token) as hers,
        socket(server.url, bob.tokens.access_token) as his,
        socket(server.url, eve.tokens.access_token) as strangers,
    ):
        ada_sees, bob_sees, eve_sees = [await one.subscribe(ALL) for one in (hers, his, strangers)]
        for subscription in (ada_sees, bob_sees, eve_sees):
            await subscription.nothing(0.05)
        payment = await server.send(ada, "bob", "1.00")
        event = await ada_sees.next()
        assert (event["status"], event["direction"], event["isRisky"]) == ("PENDING_CONFIRMATION", "OUTGOING", True)
        await server.confirm(ada, payment.id)
        assert (await ada_sees.next())["status"] == "COMPLETED"
        event = await bob_sees.next()
        assert (event["status"], event["direction"], event["isRisky"]) == ("COMPLETED", "INCOMING", False)
        await eve_sees.nothing()
        await bob_sees.nothing(0)


async def test_a_subscription_on_an_anonymous_socket_is_unauthenticated(server: LiveServer) -> None:
    async with socket(server.url, None) as client:
        for document in (ALL, 'subscription { transactionUpdated(id: "x") { id } }'):
            error = await (await client.subscribe(document)).error()
            assert error["extensions"]["code"] == "UNAUTHENTICATED"
