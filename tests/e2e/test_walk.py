"""Runs the explorer's walk, tab by tab in order, as the demo people of a new server."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from pocketpay.onboarding.demo import PASSWORD
from tests.e2e.customer import SIGN_IN, Customer, at
from tests.e2e.processes import Installation, Running
from tests.patience import PATIENCE_SECONDS

SOURCES = Path(__file__).parents[2] / "explorer" / "src"
WALK = json.loads((SOURCES / "walk.json").read_text())
STANDING = (SOURCES / "documents" / "standing.graphql").read_text()

ACTS_ON = {
    "confirm": "awaiting",
    "pay-request": "asked",
    "refund": "received",
    "pay-by-card": "cards",
}
"""The list in `documents/standing.graphql` from which a tab takes its id, as in explorer/src/tabs.js."""

CODES = {"verify-email": "verify_email", "reset-password": "reset_password"}
"""The kind of mail that contains the code of a tab."""


def document(tab: str) -> str:
    return (SOURCES / "tabs" / f"{tab}.graphql").read_text()


@pytest.fixture(scope="module")
def server(installation: Installation) -> Iterator[Running]:
    running = installation.start()
    yield running
    assert running.stop() == 0
    assert running.tracebacks() == []


@pytest.fixture
async def http(server: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with at(server.url) as client:
        yield client


async def demo_person(http: httpx.AsyncClient, username: str) -> Customer:
    form = {"login": username, "password": PASSWORD}
    response = await http.post("/graphql", json={"query": SIGN_IN, "variables": {"input": form}})
    tokens = response.json()["data"]["signIn"]["tokens"]
    return Customer(http, username, tokens["accessToken"], tokens["refreshToken"])


class Walker:
    """Runs tabs as one customer, and fills in their variables as the explorer does."""

    def __init__(self, person: Customer) -> None:
        self.person = person

    async def run(self, tab: str, *, refused: Sequence[str] = ()) -> Any:
        """Runs a tab. Returns the data of its response, which must contain exactly those refusals."""
        answer = await self.person.post(document(tab), **await self.variables(tab))
        assert "errors" not in answer, answer
        assert [refusal["code"] for refusal in refusals(answer["data"])] == list(refused), tab
        return answer["data"]

    async def variables(self, tab: str) -> Any:
        """Returns the tab's variables, with the values that walk.json leaves empty filled in."""
        (written,) = (step.get("variables", {}) for step in WALK if step["tab"] == tab)
        month = f"{datetime.now(UTC):%Y-%m}"
        known = {"month": month, "time": f"{month}-01T00:00:00Z"}

        def fill(name: str, value: Any) -> Any:
            if isinstance(value, dict):
                return {name: fill(name, inner) for name, inner in value.items()}
            if name == "idempotencyKey":
                return secrets.token_hex(12)
            return value if value != "" else known.get(name) or newest

        newest = None
        if tab in ACTS_ON:
            newest = await self.newest(tab)
        elif tab in CODES:
            newest = await self.code(CODES[tab])
        return fill("", written)

    async def code(self, kind: str) -> str:
        """Waits for a code of that kind in the explorer's list of mails and returns the newest. A mail may arrive
        after the response to the request for it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                mails = (await self.person.http.get("/explorer/mails")).json()["mails"]
                codes: list[str] = [mail["code"] for mail in mails if mail["kind"] == kind]
                if codes:
                    return codes[0]
                await asyncio.sleep(0.05)

    async def newest(self, tab: str) -> str:
        """Returns the id of the object that the explorer selects for that tab."""
        found = (await self.person.post(STANDING))["data"][ACTS_ON[tab]]
        newest: str = (found if isinstance(found, list) else found["nodes"])[0]["id"]
        return newest


def refusals(value: Any) -> list[Any]:
    """Returns every refusal anywhere in a response."""
    if isinstance(value, list):
        return [found for one in value for found in refusals(one)]
    if not isinstance(value, dict):
        return []
    return [*(value.get("errors") or []), *refusals(list(value.values()))]


async def test_the_tabs_of_the_walk_succeed_in_their_order(http: httpx.AsyncClient) -> None:
    alice = Walker(await demo_person(http, "alice"))
    await pay_a_new_recipient(alice)
    await answer_and_make_money_requests(alice)
    await pay_a_batch_and_by_card(alice)
    await refund_and_withdraw(alice)
    await read_statement_and_history(alice)
    await watch_changes(alice, Walker(await demo_person(http, "bob")))
    await run_the_operator_tabs(Walker(await demo_person(http, "olivia")))
    await reset_a_password(http, alice)


async def pay_a_new_recipient(alice: Walker) -> None:
    assert (await alice.run("sign-in"))["signIn"]["user"]["username"] == "alice"
    assert (await alice.run("me"))["viewer"]["wallet"]["available"]["amount"] == "1563.00"
    assert (await alice.run("deposit"))["deposit"]["transaction"]["status"] == "COMPLETED"
    paid = (await alice.run("pay"))["transfer"]
    assert [reason["rule"] for reason in paid["transaction"]["riskReasons"]] == ["LARGE_TRANSFER", "NEW_RECIPIENT"]
    assert paid["wallet"]["held"]["amount"] == "620.00"
    confirmed = (await alice.run("confirm"))["confirmTransfer"]
    assert confirmed["transaction"]["status"] == "COMPLETED"
    assert confirmed["wallet"]["available"]["amount"] == "1693.00"


async def answer_and_make_money_requests(alice: Walker) -> None:
    request = (await alice.run("pay-request"))["payRequest"]["transaction"]
    assert (request["status"], request["moneyRequest"]["status"]) == ("COMPLETED", "PAID")
    asked = await alice.run("ask-and-split")
    assert asked["requestMoney"]["moneyRequest"]["status"] == "PENDING"
    shares = [one["amount"]["amount"] for one in asked["splitBill"]["moneyRequests"]]
    assert (shares, asked["splitBill"]["myShare"]["amount"]) == (["33.34", "33.33"], "33.33")


async def pay_a_batch_and_by_card(alice: Walker) -> None:
    batch = (await alice.run("batch", refused=["RECIPIENT_NOT_FOUND", "INSUFFICIENT_FUNDS"]))["transferBatch"]
    statuses = [one["transaction"] and one["transaction"]["status"] for one in batch["results"]]
    assert statuses == ["COMPLETED", None, "FAILED"]
    issued = (await alice.run("issue-card"))["issueCard"]
    assert issued["number"].endswith(issued["card"]["last4"])
    paid = await alice.run("pay-by-card", refused=["CARD_FROZEN"])
    assert paid["coffee"]["transaction"]["card"]["last4"] == issued["card"]["last4"]
    assert paid["coffee"]["transaction"]["card"]["spentThisMonth"]["amount"] == "4.20"
    assert [paid[verb]["card"]["status"] for verb in ("freezeCard", "unfreezeCard")] == ["FROZEN", "ACTIVE"]


async def refund_and_withdraw(alice: Walker) -> None:
    refund = (await alice.run("refund"))["refund"]["transaction"]
    assert (refund["status"], refund["refundOf"]["refunded"]["amount"]) == ("COMPLETED", "5.00")
    withdrawn = (await alice.run("withdraw"))["withdraw"]
    assert withdrawn["transaction"]["fee"]["amount"] == "0.60"
    assert withdrawn["transaction"]["total"]["amount"] == "40.60"
    assert withdrawn["wallet"]["available"]["amount"] == "1614.20"
    linked = (await alice.run("link-bank-account"))["linkBankAccount"]
    assert (linked["bankAccount"]["status"], linked["url"]) == ("ACTIVE", None)


async def read_statement_and_history(alice: Walker) -> None:
    history = (await alice.run("history"))["transactions"]
    assert [one["type"] for one in history["nodes"]][:5] == ["WITHDRAWAL", "REFUND", "CARD", "SEND", "REQUEST"]
    month = (await alice.run("statement"))["wallet"]["statement"]
    assert (month["closing"]["amount"], month["fees"]["amount"]) == ("1614.20", "0.60")
    assert (await alice.person.http.get(month["csvUrl"])).status_code == 200


async def watch_changes(alice: Walker, bob: Walker) -> None:
    async with alice.person.listening() as hers:
        balance = await hers.subscribe(document("live-balance"))
        requests = await hers.subscribe(document("live-requests"))
        questions = await hers.subscribe(document("live-questions"))
        assert (await balance.next())["available"]["amount"] == "1614.20"
        await bob.run("pay-request")
        told = await requests.next()
        assert (told["status"], told["payer"]["name"], told["amount"]["amount"]) == ("PAID", "Bob Birch", "33.34")
        assert (await balance.next())["available"]["amount"] == "1647.54"
        await alice.run("pay")
        assert (await questions.next())["recipient"]["name"] == "Carol Cedar"


async def run_the_operator_tabs(olivia: Walker) -> None:
    seen = (await olivia.run("operations"))["operations"]
    assert [one["name"] for one in seen["customers"]] == ["Carol Cedar"]
    assert [one["sender"]["name"] for one in seen["heldPayments"]["nodes"]] == ["Alice Arden"]
    assert seen["audit"]["right"] is True
    acted = (await olivia.run("operate"))["operations"]
    assert acted["freezeWallet"]["wallet"]["freeze"] == "DEBITS"
    assert acted["setRiskSetting"]["setting"]["overridden"] is True
    actions = (await olivia.run("operations"))["operations"]["actions"]["nodes"]
    assert {one["kind"] for one in actions[:2]} == {"FREEZE", "SET_RISK"}


async def reset_a_password(http: httpx.AsyncClient, alice: Walker) -> None:
    given = (await alice.run("give-email"))["updateProfile"]["user"]
    assert given == {"email": "alice@example.com", "emailVerified": False}
    assert (await alice.run("verify-email"))["verifyEmail"]["user"]["emailVerified"] is True
    await alice.run("request-reset")
    await alice.run("reset-password")
    ended = await alice.person.post(document("me"))
    assert ended["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    again = Walker(await demo_person(http, "alice"))
    assert (await again.run("me"))["viewer"]["username"] == "alice"
