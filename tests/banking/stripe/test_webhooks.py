"""A whole server with the bank on Stripe: events bring the books up to date, in whatever way they arrive."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uuid_utils.compat as uuids

from pocketpay.banking.stripe import bank as bank_module
from pocketpay.serving import stripe_webhooks
from tests.clients import Client, Person, serving
from tests.conftest import Dsns
from tests.stripe_stand_in.client import client_of
from tests.stripe_stand_in.customers import Platform
from tests.stripe_stand_in.faults import Fault, Ordered
from tests.stripe_stand_in.stand_in import KEY, WEBHOOK_SECRET, stand_in
from tests.stripe_stand_in.webhooks import Delivery

URL = "http://here/webhooks/stripe"

LINK = """mutation ($use: BankUse!, $key: String!) { linkBankAccount(input: { use: $use, idempotencyKey: $key }) {
    url bankAccount { id status } errors { code } } }"""
DEPOSIT = """mutation ($id: ID!, $amount: Amount!, $key: String!) {
    deposit(input: { amount: $amount, bankAccountId: $id, idempotencyKey: $key }) {
        transaction { id status } errors { code } } }"""
WITHDRAW = DEPOSIT.replace("deposit(", "withdraw(")
WALLET = """query { wallet { balance { amount } } bankAccounts(first: 5) { nodes { status last4 bankName } }
    transactions(first: 20) { nodes { type status } } }"""


class World:
    """A server with the bank on Stripe, and what customers and banks do."""

    def __init__(self, client: Client, platform: Platform, person: Person) -> None:
        self.client, self.platform, self.person = client, platform, person

    async def link(self, use: str) -> str:
        data = await self.client.data(LINK, {"use": use, "key": uuids.uuid7().hex}, by=self.person)
        assert data["linkBankAccount"]["errors"] == []
        assert data["linkBankAccount"]["url"]
        return str(data["linkBankAccount"]["bankAccount"]["id"])

    async def order(self, document: str, account: str, amount: str) -> dict[str, Any]:
        variables = {"id": account, "amount": amount, "key": uuids.uuid7().hex}
        data = await self.client.data(document, variables, by=self.person)
        payload = data["deposit" if document is DEPOSIT else "withdraw"]
        assert payload["errors"] == []
        return dict(payload["transaction"])

    async def wallet(self) -> tuple[str, list[tuple[str, str]]]:
        """Returns the balance, and the types and statuses of the transactions after the bonus, the oldest first."""
        data = await self.client.data(WALLET, by=self.person)
        nodes = data["transactions"]["nodes"]
        return data["wallet"]["balance"]["amount"], [(one["type"], one["status"]) for one in reversed(nodes)][1:]

    async def statuses(self) -> set[str]:
        data = await self.client.data(WALLET, by=self.person)
        return {one["status"] for one in data["bankAccounts"]["nodes"]}

    def newest(self, kind: str) -> dict[str, Any]:
        return self.platform.stand_in.world.store.newest_first(kind)[0]


@asynccontextmanager
async def opened(dsn: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Opens a server whose calls to Stripe go to a stand-in in this process, and whose events come from there."""
    made = stand_in()
    monkeypatch.setattr(bank_module, "connect", lambda key, base: client_of(made, key=key))
    settings = {
        "stripe_secret_key": KEY,
        "stripe_webhook_secrets": f"whsec_old {WEBHOOK_SECRET}",
        "public_url": "https://app.example.test",
    }
    async with serving(dsn, **settings) as client:
        sender = made.sender
        sender.client, sender.url, sender.chance = client.http, URL, random.Random(1)
        yield World(client, Platform.of(made), await client.sign_up())
    made.close()


@pytest.fixture
async def world(warm: None, database_dsn: Dsns, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    async with opened(database_dsn.server, monkeypatch) as made:
        yield made


@pytest.mark.parametrize("delivery", [Delivery.IN_ORDER, Delivery.TWICE, Delivery.BACKWARDS, Delivery.SHUFFLED])
async def test_events_book_each_deposit_return_and_withdrawal_once(world: World, delivery: Delivery) -> None:
    platform, send = world.platform, world.platform.stand_in.sender.send
    bank, payee = await world.link("DEPOSIT"), await world.link("WITHDRAWAL")
    platform.act("checkout", world.newest("checkout.session")["id"], "finish")
    platform.act("accounts", world.newest("account")["id"], "onboard")
    await send(delivery)
    assert await world.statuses() == {"ACTIVE"}
    assert (await world.order(DEPOSIT, bank, "50.00"))["status"] == "CREATED"
    platform.act("payment_intents", world.newest("payment_intent")["id"], "settle")
    await send(delivery)
    assert await world.wallet() == ("150.00", [("DEPOSIT", "COMPLETED")])
    assert (await world.order(WITHDRAW, payee, "20.00"))["status"] == "CREATED"
    platform.act("payouts", world.newest("payout")["id"], "pay")
    await send(delivery)
    assert (await world.wallet())[0] == "130.00"
    platform.act("payouts", world.newest("payout")["id"], "fail")
    platform.act("charges", world.newest("charge")["id"], "dispute", amount=1_500)
    await send(delivery)
    balance, transactions = await world.wallet()
    assert balance == "135.00"  # 50 came, 15 were taken back, and 20 that went came back
    assert sorted(transactions) == [
        ("DEPOSIT", "COMPLETED"),
        ("REFUND", "COMPLETED"),
        ("REFUND", "COMPLETED"),
        ("WITHDRAWAL", "COMPLETED"),
    ]
    for event in platform.stand_in.world.store.newest_first("event"):
        assert await platform.stand_in.sender.send_again(event["id"])
    assert await world.wallet() == (balance, transactions)
    assert platform.bank() == 3_500


async def test_a_forged_or_late_event_is_refused_and_changes_nothing(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.link("DEPOSIT")
    world.platform.act("checkout", world.newest("checkout.session")["id"], "finish")
    for _ in range(2):
        assert set(await world.platform.stand_in.sender.forge(world.newest("event"))) == {400}
    assert await world.statuses() == {"PENDING"}
    logged: list[Any] = [one.msg for one in caplog.records]
    reasons = [one["reason"] for one in logged if one["event"] == "stripe_event_refused"]
    assert sorted(reasons) == ["forged", "late", "unsigned"]  # each once in a minute
    webhooks = webhooks_of(world)
    assert (webhooks.outcomes["booked"], webhooks.outcomes["forged"]) == (0, 6)
    assert webhooks.outcomes["late"] == 2
    text = world.client.app.state.server_context.metrics.text().decode()
    assert 'pocketpay_stripe_events_total{outcome="late"} 2.0' in text


async def test_an_event_that_cannot_be_booked_is_sent_again(world: World) -> None:
    await world.link("DEPOSIT")
    world.platform.act("checkout", world.newest("checkout.session")["id"], "finish")
    made, sender = world.platform.stand_in, world.platform.stand_in.sender
    made.api.faults.ordered.append(Ordered(Fault.RATE_LIMIT, "GET /v1/checkout/sessions/*", 1_000))
    await sender.send()
    assert sender.answers["503"] > 0
    assert await world.statuses() == {"PENDING"}
    made.api.faults.ordered.clear()
    await sender.send()
    assert await world.statuses() == {"ACTIVE"}
    assert made.world.store.queued() == []


async def test_other_requests_are_refused_and_one_address_cannot_send_without_limit(world: World) -> None:
    signed: dict[str, str] = {"stripe-signature": "t=1,v1=00"}
    cases: list[tuple[str, bytes, dict[str, str], int]] = [
        ("GET", b"", {}, 405),
        ("POST", b"x" * (stripe_webhooks.MAX_BYTES + 1), {}, 413),
        ("POST", b"\xff", signed, 400),
        ("POST", b"{}", {"stripe-signature": "nothing"}, 400),
        ("POST", b"{}", {}, 400),
    ]
    for method, body, headers, status in cases:
        response = await world.client.http.request(method, URL, content=body, headers=headers)
        assert response.status_code == status
        assert response.json()["errors"][0]["message"]
    answers = [(await world.client.http.post(URL)).status_code for _ in range(stripe_webhooks.BURST + 50)]
    assert answers[0] == 400
    assert 429 in answers


async def test_a_server_without_secrets_has_no_endpoint(client: Client) -> None:
    assert (await client.http.post("/webhooks/stripe")).status_code == 404


def webhooks_of(world: World) -> stripe_webhooks.StripeWebhooks:
    for route in world.client.app.routes:
        if getattr(route, "path", "") == "/webhooks/stripe":
            found = getattr(route, "app")  # noqa: B009
            assert isinstance(found, stripe_webhooks.StripeWebhooks)
            return found
    raise AssertionError
