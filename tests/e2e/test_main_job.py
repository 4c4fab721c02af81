"""The main use case from start to end: two people, a deposit, a risky payment, its confirmation, and live updates."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.customer import ASKED, BALANCE_CHANGED, CONFIRM, HISTORY, UPDATED, at, sign_up
from tests.e2e.processes import Installation, Running
from tests.serving.socket_client import Subscription

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
PREVIEW = (
    "query ($input: TransferPreviewInput!) { transferPreview(input: $input) "
    "{ status riskReasons { rule message } availableAfter { amount } errors { code path } } }"
)
POLICY = (
    "{ riskPolicy { largeTransferThreshold { amount currency } rapidTransferCount rapidTransferWindowMinutes "
    "newRecipient confirmationMinutes } }"
)
ENTRIES = (
    "query ($id: ID!) { transaction(id: $id) { direction isRisky riskReasons { rule } expiresAt "
    "entries { amount { amount } balanceAfter { amount } sequence } } }"
)
IDS = "{ viewer { id wallet { id } sessions { id } } }"


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


async def first_with_status(news: Subscription, status: str) -> Any:
    """Returns the first event with that status. Events of states before it may arrive or not."""
    while (transaction := await news.next())["status"] != status:
        pass
    return transaction


async def test_a_risky_payment_is_held_then_confirmed_and_both_parties_get_the_events(
    http: httpx.AsyncClient,
) -> None:
    ada, bea = await sign_up(http, "ada"), await sign_up(http, "bea")
    async with ada.listening() as hers, bea.listening() as his:
        her_balance, her_questions = await hers.subscribe(BALANCE_CHANGED), await hers.subscribe(ASKED)
        her_news = await hers.subscribe(UPDATED)
        his_balance, his_questions = await his.subscribe(BALANCE_CHANGED), await his.subscribe(ASKED)
        his_news = await his.subscribe(UPDATED)
        assert (await her_balance.next())["balance"] == {"amount": "100.00", "currency": "USD"}
        assert (await his_balance.next())["balance"]["amount"] == "100.00"

        deposited = await ada.deposit("900.00")
        assert deposited["errors"] == []
        assert deposited["transaction"]["status"] == "COMPLETED"
        assert deposited["wallet"]["balance"]["amount"] == "1000.00"
        assert (await her_balance.next())["available"]["amount"] == "1000.00"
        assert (await first_with_status(her_news, "COMPLETED"))["type"] == "DEPOSIT"

        sent = await ada.transfer("@bea", "600.00")
        asked = await her_questions.next()
        assert sent["transaction"]["status"] == "PENDING_CONFIRMATION"
        assert asked == sent["transaction"]
        assert {reason["rule"] for reason in asked["riskReasons"]} == {"LARGE_TRANSFER", "NEW_RECIPIENT"}
        held = await her_balance.next()
        assert (held["balance"]["amount"], held["held"]["amount"]) == ("1000.00", "600.00")
        assert held["available"]["amount"] == "400.00"
        assert await first_with_status(her_news, "PENDING_CONFIRMATION") == asked

        assert (await bea.ask(HISTORY))["totalCount"] == 1
        assert await bea.ask(NODE, id=asked["id"]) is None
        await his_balance.nothing()
        await his_news.nothing(0)

        confirmed = await ada.ask(CONFIRM, id=asked["id"])
        assert confirmed["transaction"]["status"] == "COMPLETED"
        assert confirmed["wallet"]["available"]["amount"] == "400.00"
        assert (await her_balance.next())["balance"]["amount"] == "400.00"
        assert (await his_balance.next())["balance"]["amount"] == "700.00"
        assert (await first_with_status(her_news, "COMPLETED"))["id"] == asked["id"]
        received = await his_news.next()
        assert (received["status"], received["direction"], received["type"]) == ("COMPLETED", "INCOMING", "SEND")
        assert received["counterparty"] == {"username": "ada"}
        assert (received["isRisky"], received["riskReasons"], received["expiresAt"]) == (False, [], None)
        await his_questions.nothing(0)
        await her_questions.nothing(0)


async def test_both_parties_find_the_payment_in_their_history(http: httpx.AsyncClient) -> None:
    ada, bea = await sign_up(http), await sign_up(http)
    sent = (await ada.transfer(bea.username, "30.00"))["transaction"]
    await ada.ask(CONFIRM, id=sent["id"])
    hers, his = (await ada.ask(HISTORY))["nodes"], (await bea.ask(HISTORY))["nodes"]
    assert [(one["type"], one["direction"]) for one in hers] == [("SEND", "OUTGOING"), ("BONUS", "INCOMING")]
    assert [(one["type"], one["direction"]) for one in his] == [("SEND", "INCOMING"), ("BONUS", "INCOMING")]
    assert hers[0]["id"] == his[0]["id"] == sent["id"]
    (line,) = (await ada.ask(ENTRIES, id=sent["id"]))["entries"]
    assert (line["amount"]["amount"], line["balanceAfter"]["amount"], line["sequence"]) == ("-30.00", "70.00", 2)
    (line,) = (await bea.ask(ENTRIES, id=sent["id"]))["entries"]
    assert (line["amount"]["amount"], line["balanceAfter"]["amount"], line["sequence"]) == ("30.00", "130.00", 2)


async def test_every_id_names_its_type_and_is_found_only_by_its_owner(http: httpx.AsyncClient) -> None:
    ada, bea = await sign_up(http), await sign_up(http)
    viewer = await ada.ask(IDS)
    bonus = (await ada.ask(HISTORY))["nodes"][0]
    own = {
        "User": viewer["id"],
        "Wallet": viewer["wallet"]["id"],
        "Session": viewer["sessions"][0]["id"],
        "Transaction": bonus["id"],
    }
    for name, id in own.items():
        assert id.startswith(f"{name.lower()}_")
        assert await ada.ask(NODE, id=id) == {"__typename": name, "id": id}
        assert await bea.ask(NODE, id=id) is None


async def test_a_preview_returns_the_policys_decision_and_moves_no_money(http: httpx.AsyncClient) -> None:
    ada, bea = await sign_up(http), await sign_up(http)
    assert await ada.ask(POLICY) == {
        "largeTransferThreshold": {"amount": "500.00", "currency": "USD"},
        "rapidTransferCount": 5,
        "rapidTransferWindowMinutes": 60,
        "newRecipient": True,
        "confirmationMinutes": 15,
    }
    preview = await ada.ask(PREVIEW, input={"to": bea.username, "amount": "40.00"})
    assert preview["status"] == "PENDING_CONFIRMATION"
    assert [reason["rule"] for reason in preview["riskReasons"]] == ["NEW_RECIPIENT"]
    assert (preview["availableAfter"], preview["errors"]) == ({"amount": "60.00"}, [])
    assert await ada.available() == "100.00"
    poor = await ada.ask(PREVIEW, input={"to": bea.username, "amount": "100.01"})
    assert [error["code"] for error in poor["errors"]] == ["INSUFFICIENT_FUNDS"]


async def test_the_audit_finds_nothing_while_the_server_runs(
    http: httpx.AsyncClient, installation: Installation
) -> None:
    audit = installation.run("audit")
    assert (audit.returncode, audit.stderr) == (0, ""), audit.stdout
