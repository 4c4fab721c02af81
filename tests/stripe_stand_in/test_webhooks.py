"""Events are signed as the library checks them, and sent as badly as networks do."""

from typing import Any

import httpx
import pytest
from stripe import SignatureVerificationError, Webhook

from tests.stripe_stand_in.customers import Platform
from tests.stripe_stand_in.stand_in import WEBHOOK_SECRET
from tests.stripe_stand_in.webhooks import Delivery


class Receiver(httpx.AsyncBaseTransport):
    """A webhook that checks signatures with the library. `is_up` is False when it answers 503."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.is_up = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self.is_up:
            return httpx.Response(503)
        try:
            event = Webhook.construct_event(request.content, request.headers.get("stripe-signature"), WEBHOOK_SECRET)
        except SignatureVerificationError:
            return httpx.Response(400)
        self.events.append(event)
        return httpx.Response(200)


@pytest.fixture
def receiver(platform: Platform) -> Receiver:
    """The receiver of the platform's events."""
    made = Receiver()
    sender = platform.stand_in.sender
    sender.client, sender.url = httpx.AsyncClient(transport=made), "http://pay.test/webhook"
    return made


async def test_events_arrive_in_order_twice_backwards_or_never(platform: Platform, receiver: Receiver) -> None:
    wanted = {
        Delivery.IN_ORDER: ["setup_intent.created", "checkout.session.completed", "setup_intent.succeeded"],
        Delivery.BACKWARDS: ["setup_intent.succeeded", "checkout.session.completed", "setup_intent.created"],
    }
    for delivery, types in wanted.items():
        receiver.events.clear()
        await platform.linked()
        await platform.stand_in.sender.send(delivery)
        met = [one.type for one in receiver.events if one.type in types]
        assert met == types
    receiver.events.clear()
    await platform.linked()
    await platform.stand_in.sender.send(Delivery.TWICE)
    assert len(receiver.events) == 2 * len({one.id for one in receiver.events})
    assert await platform.stand_in.sender.send() == 0
    (newest,) = (await platform.client.v1.events.list_async({"limit": 1})).data
    assert newest.id == receiver.events[-1].id
    assert await platform.stand_in.sender.send_again(newest.id)


async def test_an_event_that_was_not_taken_is_sent_again(platform: Platform, receiver: Receiver) -> None:
    await platform.customer()
    receiver.is_up = False
    assert await platform.stand_in.sender.send() == 1
    receiver.is_up = True
    assert await platform.stand_in.sender.send() == 1
    assert [one.type for one in receiver.events] == ["customer.created"]


async def test_an_event_of_a_connected_account_has_its_id_and_its_own_secret(
    platform: Platform, receiver: Receiver
) -> None:
    account = await platform.account()
    await platform.stand_in.sender.send()
    assert {one.account for one in receiver.events} == {account}
    platform.act("accounts", account, "deauthorise")
    platform.stand_in.sender.connect_secret = "whsec_other"
    assert await platform.stand_in.sender.send() == 1
    assert platform.stand_in.world.store.queued() != []


async def test_forged_events_are_refused_by_the_library(platform: Platform, receiver: Receiver) -> None:
    await platform.customer()
    event = platform.stand_in.world.store.newest_first("event")[0]
    assert set(await platform.stand_in.sender.forge(event)) == {400}
    assert receiver.events == []
