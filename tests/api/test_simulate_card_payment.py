"""The mutation simulateCardPayment."""

from typing import Any

import pytest
from asyncpg import Connection, Record

from tests.api.cards import LIST, PAY, change_status, dollars, errors_of, issue, new_card, pay
from tests.api.one_server import serving as one_server
from tests.api.schema_client import CountingDatabase, SchemaClient
from tests.clients import Client
from tests.conftest import Dsns
from tests.payments.cards import buy
from tests.payments.cards import new_card as card_at
from tests.payments.customers import new_key, person

ALL = "{ transactions(first: 50) { nodes { card { id spentThisMonth { amount } } } } }"
HISTORY = "{ transactions(filter: { types: [CARD] }, first: 50) { nodes { status description card { id label } } } }"


async def test_a_card_payment_is_in_the_answer_on_the_card_and_in_the_history(client: Client) -> None:
    ada = await client.sign_up("ada")
    id = await new_card(client, ada, label="Books")
    paid = await pay(client, ada, id, "12.50")
    assert (paid["errors"], paid["replayed"]) == ([], False)
    done = paid["transaction"]
    assert {name: value for name, value in done.items() if name != "id"} == {
        "type": "CARD",
        "direction": "OUTGOING",
        "status": "COMPLETED",
        "amount": dollars("12.50"),
        "fee": dollars("0.00"),
        "description": "Bookshop",
        "failureCode": None,
        "isRisky": False,
        "bankName": None,
        "sender": {"username": "ada"},
        "recipient": None,
        "counterparty": None,
        "card": {"id": id, "spentThisMonth": dollars("12.50")},
        "entries": [{"amount": dollars("-12.50")}],
    }
    assert paid["wallet"] == {"balance": dollars("87.50"), "available": dollars("87.50")}
    (card,) = (await client.data(LIST, by=ada))["cards"]
    assert card["spentThisMonth"] == dollars("12.50")
    (kept,) = (await client.data(HISTORY, by=ada))["transactions"]["nodes"]
    assert kept == {"status": "COMPLETED", "description": "Bookshop", "card": {"id": id, "label": "Books"}}


async def test_repeating_a_payment_with_its_key_pays_once(client: Client) -> None:
    ada, key = await client.sign_up("ada"), new_key()
    id = await new_card(client, ada)
    first, again = [await pay(client, ada, id, amount, idempotencyKey=key) for amount in ("10", "10.00")]
    assert again == first | {"replayed": True}
    reused = await pay(client, ada, id, "11", idempotencyKey=key)
    assert errors_of(reused) == [("IDEMPOTENCY_KEY_REUSED", ["input", "idempotencyKey"])]


@pytest.mark.parametrize(
    ("before", "fields", "code", "path", "message"),
    [
        ("", {"amount": "0"}, "INVALID_AMOUNT", ["input", "amount"], None),
        ("", {"merchant": ""}, "INVALID_INPUT", ["input", "merchant"], None),
        ("", {"merchant": "x" * 101}, "INVALID_INPUT", ["input", "merchant"], None),
        ("", {"idempotencyKey": "short"}, "INVALID_INPUT", ["input", "idempotencyKey"], None),
        ("freezeCard", {}, "CARD_FROZEN", ["input", "cardId"], "This card is frozen. Unfreeze it first."),
        ("closeCard", {}, "CARD_CLOSED", ["input", "cardId"], "This card is closed."),
        ("expire", {}, "CARD_EXPIRED", ["input", "cardId"], "This card has expired."),
        (
            "",
            {"amount": "20.01"},
            "CARD_LIMIT_EXCEEDED",
            ["input", "amount"],
            "This card can pay at most 20.00 USD per payment.",
        ),
        (
            "pay",
            {"amount": "10.01"},
            "CARD_LIMIT_EXCEEDED",
            ["input", "amount"],
            "This card can pay at most 30.00 USD a month. 10.00 USD is left this month.",
        ),
    ],
)
async def test_a_declined_payment_has_a_code_a_path_and_no_transaction(
    client: Client,
    owner: "Connection[Record]",
    before: str,
    fields: dict[str, Any],
    code: str,
    path: list[str],
    message: str | None,
) -> None:
    ada = await client.sign_up("ada")
    id = await new_card(client, ada, perPaymentLimit="20", monthlyLimit="30")
    if before == "expire":
        await owner.execute("update cards set expiry_year = expiry_year - 5")
    elif before == "pay":
        await pay(client, ada, id, "20.00")
    elif before:
        await change_status(client, ada, before, id)
    declined = await pay(client, ada, id, **({"amount": "1.00"} | fields))
    assert errors_of(declined) == [(code, path)]
    assert (declined["transaction"], declined["wallet"], declined["replayed"]) == (None, None, False)
    assert message in (None, declined["errors"][0]["message"])


async def test_a_payment_above_the_balance_is_stored_as_failed_with_the_required_amount(client: Client) -> None:
    ada = await client.sign_up("ada")
    id = await new_card(client, ada)
    failed = await pay(client, ada, id, "100.01")
    (error,) = failed["errors"]
    assert (error["code"], error["path"]) == ("INSUFFICIENT_FUNDS", ["input", "amount"])
    assert (error["required"], error["available"]) == (dollars("100.01"), dollars("100.00"))
    assert (failed["transaction"]["status"], failed["transaction"]["card"]["id"]) == ("FAILED", id)
    assert failed["transaction"]["card"]["spentThisMonth"] == dollars("0.00")


async def test_a_payment_from_a_frozen_wallet_is_blocked(client: Client, owner: "Connection[Record]") -> None:
    ada = await client.sign_up("ada")
    id = await new_card(client, ada)
    await owner.execute("update wallets set status = 'frozen', frozen_for = 'debits', freeze_reason = 'a test'")
    blocked = await pay(client, ada, id, "1.00")
    assert errors_of(blocked) == [("WALLET_FROZEN", [])]
    assert (blocked["transaction"]["status"], blocked["transaction"]["failureCode"]) == ("BLOCKED", "WALLET_FROZEN")
    assert errors_of(await issue(client, ada)) == [("WALLET_FROZEN", [])]


async def test_the_cards_of_a_page_are_read_together(database_dsn: Dsns) -> None:
    async with one_server(database_dsn.server) as server:
        ada = await person(server.desk, funds="100.00")
        for card_id in [await card_at(server.desk, ada) for _ in range(4)]:
            for _ in range(3):
                await buy(server.desk, ada, card_id, "1.00")
        database = await CountingDatabase.open(database_dsn.server)
        try:
            page = await SchemaClient(server, database).ask(ada.wallet_id, ALL)
        finally:
            await database.close()
        assert len({node["card"]["id"] for node in page["nodes"] if node["card"]}) == 4
        assert database.reads == 1 + 2, "one when the database opens, one for the page, one for its cards"


async def test_an_anonymous_request_cannot_pay(client: Client) -> None:
    id = await new_card(client, await client.sign_up("ada"))
    fields = {"cardId": id, "amount": "1.00", "merchant": "Bookshop", "idempotencyKey": new_key()}
    answer = await client.post(PAY, {"input": fields})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
