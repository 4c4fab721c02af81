"""The mutation issueCard: its answer is the only one with the card's number and security code."""

import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.cards import CARD, ISSUE, LIST, dollars, errors_of, issue, new_card
from tests.clients import Client, serving
from tests.conftest import Dsns
from tests.payments.customers import new_key


async def test_the_number_and_the_security_code_of_a_card_are_shown_once(client: Client) -> None:
    ada, key = await client.sign_up("ada"), new_key()
    first = await issue(client, ada, perPaymentLimit="20", monthlyLimit=100, idempotencyKey=key)
    card, now = first["card"], datetime.now(UTC)
    assert (first["replayed"], first["errors"]) == (False, [])
    assert (len(first["number"]), first["number"][-4:]) == (16, card["last4"])
    assert first["securityCode"].isdigit()
    assert len(first["securityCode"]) == 3
    assert {name: card[name] for name in card if name not in ("id", "last4", "createdAt")} == {
        "__typename": "Card",
        "label": "Groceries",
        "brand": "Pocket Pay Test",
        "expiryMonth": now.month,
        "expiryYear": now.year + 4,
        "status": "ACTIVE",
        "perPaymentLimit": dollars("20.00"),
        "monthlyLimit": dollars("100.00"),
        "spentThisMonth": dollars("0.00"),
    }
    assert card["id"].startswith("card_")
    again = await issue(client, ada, perPaymentLimit="20.00", monthlyLimit="100", idempotencyKey=key)
    assert again == {"card": card, "number": None, "securityCode": None, "replayed": True, "errors": []}


async def test_the_card_number_is_in_no_other_answer_and_in_no_log(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ada = await client.sign_up("ada")
    issued = await issue(client, ada)
    listed = await client.post(LIST, by=ada)
    found = await client.post("query ($id: ID!) { node(id: $id) { id } }", {"id": issued["card"]["id"]}, by=ada)
    for text in (str(listed), str(found), caplog.text):
        assert issued["number"][:-4] not in text


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({"label": ""}, "INVALID_INPUT", ["input", "label"]),
        ({"label": "x" * 51}, "INVALID_INPUT", ["input", "label"]),
        ({"perPaymentLimit": "0"}, "INVALID_AMOUNT", ["input", "perPaymentLimit"]),
        ({"monthlyLimit": "1.001"}, "INVALID_AMOUNT", ["input", "monthlyLimit"]),
        ({"idempotencyKey": "short"}, "INVALID_INPUT", ["input", "idempotencyKey"]),
    ],
)
async def test_a_refused_card_order_has_a_code_a_path_and_no_number(
    client: Client, fields: dict[str, Any], code: str, path: list[str]
) -> None:
    refused = await issue(client, await client.sign_up("ada"), **fields)
    assert errors_of(refused) == [(code, path)]
    assert [refused[name] for name in ("card", "number", "securityCode", "replayed")] == [None, None, None, False]


async def test_an_idempotency_key_of_another_card_is_refused(client: Client) -> None:
    ada, key = await client.sign_up("ada"), new_key()
    await issue(client, ada, idempotencyKey=key)
    refused = await issue(client, ada, idempotencyKey=key, label="Books")
    assert errors_of(refused) == [("IDEMPOTENCY_KEY_REUSED", ["input", "idempotencyKey"])]
    assert refused["number"] is None


async def test_issuing_too_many_open_cards_is_rate_limited(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, cards_per_wallet=2) as client:
        ada = await client.sign_up("ada")
        for _ in range(2):
            await new_card(client, ada)
        refused = await issue(client, ada)
        assert refused["errors"] == [
            {
                "__typename": "RateLimited",
                "code": "RATE_LIMITED",
                "message": "You already have 2 open cards. Close one first.",
                "path": [],
                "retryable": True,
                "retryAfterSeconds": None,
            }
        ]


@pytest.mark.parametrize("limit", ["-1", "1e3", 1.5, "NaN", "٣"])
async def test_a_malformed_limit_is_bad_user_input(client: Client, limit: object) -> None:
    ada = await client.sign_up("ada")
    fields = {"label": "Books", "monthlyLimit": limit, "idempotencyKey": new_key()}
    answer = await client.post(ISSUE, {"input": fields}, by=ada)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    assert (await client.data(LIST, by=ada))["cards"] == []


async def test_an_anonymous_request_gets_no_card(client: Client) -> None:
    answer = await client.post(ISSUE, {"input": {"label": "Books", "idempotencyKey": new_key()}})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]


async def test_several_cards_in_one_request_have_different_numbers(client: Client) -> None:
    ada = await client.sign_up("ada")
    fields = "".join(
        f'c{n}: issueCard(input: {{ label: "Card {n}", idempotencyKey: "{new_key()}" }}) {{ number card {CARD} }} '
        for n in range(3)
    )
    issued = await client.data(f"mutation {{ {fields} }}", by=ada)
    assert len({one["number"] for one in issued.values()}) == 3
    assert all(one["number"].endswith(one["card"]["last4"]) for one in issued.values())
