"""The fields withdraw, withdrawalPreview, withdrawalQuote and Wallet.limits."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.clients import Client, Person, serving
from tests.conftest import Dsns
from tests.payments.customers import new_key

MONEY = "{ amount currency }"
WITHDRAW = f"""mutation ($input: WithdrawInput!) {{ withdraw(input: $input) {{ replayed
  transaction {{ id type direction status amount {MONEY} fee {MONEY} total {MONEY} bankName description failureCode
    sender {{ username }} recipient {{ username }} counterparty {{ username }} entries {{ amount {MONEY} }} }}
  wallet {{ balance {MONEY} held {MONEY} available {MONEY} }}
  errors {{ __typename code message path retryable
    ... on InsufficientFunds {{ required {MONEY} available {MONEY} }}
    ... on LimitExceeded {{ limit {{ kind total {MONEY} used {MONEY} remaining {MONEY} resetsAt }} }} }} }} }}"""
QUOTE = f"""query ($amount: Amount!, $speed: WithdrawalSpeed!) {{
  withdrawalQuote(amount: $amount, speed: $speed) {{ amount {MONEY} fee {MONEY} total {MONEY} }} }}"""
PREVIEW = f"""query ($input: WithdrawalPreviewInput!) {{ withdrawalPreview(input: $input) {{
  status amount {MONEY} fee {MONEY} total {MONEY} availableAfter {MONEY}
  limit {{ kind total {MONEY} used {MONEY} remaining {MONEY} resetsAt }}
  errors {{ __typename code path retryable }} }} }}"""
LIMITS = f"{{ wallet {{ limits {{ kind total {MONEY} used {MONEY} remaining {MONEY} resetsAt }} }} }}"
HISTORY = "{ transactions(filter: { types: [WITHDRAWAL] }) { nodes { type status direction } } }"


@pytest.fixture
async def client(warm: None, database_dsn: Dsns) -> AsyncIterator[Client]:
    """A server on which new users have 100.00 and may withdraw 60.00 a day."""
    async with serving(database_dsn.server, withdrawal_limit="60.00") as one:
        yield one


async def withdraw(client: Client, by: Person, amount: str, **more: str) -> Any:
    inputs = {"amount": amount, "bankName": "First Bank", "idempotencyKey": new_key()} | more
    return (await client.data(WITHDRAW, {"input": inputs}, by=by))["withdraw"]


def dollars(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


async def test_a_withdrawal_costs_what_was_quoted_and_is_in_the_history(client: Client) -> None:
    ada = await client.sign_up("ada")
    quote = (await client.data(QUOTE, {"amount": "40.00", "speed": "INSTANT"}, by=ada))["withdrawalQuote"]
    assert quote == {"amount": dollars("40.00"), "fee": dollars("0.60"), "total": dollars("40.60")}
    payload = await withdraw(client, ada, "40.00", speed="INSTANT")
    assert (payload["errors"], payload["replayed"]) == ([], False)
    done = payload["transaction"]
    assert {name: done[name] for name in quote} == quote
    assert (done["type"], done["direction"], done["status"]) == ("WITHDRAWAL", "OUTGOING", "COMPLETED")
    assert (done["bankName"], done["description"]) == ("First Bank", "Withdrawal to First Bank")
    assert (done["sender"], done["recipient"], done["counterparty"]) == ({"username": "ada"}, None, None)
    assert done["entries"] == [{"amount": dollars("-40.60")}]
    assert payload["wallet"] == {"balance": dollars("59.40"), "held": dollars("0.00"), "available": dollars("59.40")}
    assert (await client.data(HISTORY, by=ada))["transactions"]["nodes"] == [
        {"type": "WITHDRAWAL", "status": "COMPLETED", "direction": "OUTGOING"}
    ]


async def test_the_default_withdrawal_speed_is_standard(client: Client) -> None:
    ada = await client.sign_up("ada")
    done = (await withdraw(client, ada, "40"))["transaction"]
    assert (done["fee"], done["total"]) == (dollars("0.00"), dollars("40.00"))


async def test_the_error_for_an_exceeded_limit_contains_the_limit(client: Client) -> None:
    ada = await client.sign_up("ada")
    await withdraw(client, ada, "40.00", speed="INSTANT")
    payload = await withdraw(client, ada, "20.01")
    assert (payload["transaction"], payload["wallet"]) == (None, None)
    (error,) = payload["errors"]
    limit = error.pop("limit")
    assert error == {
        "__typename": "LimitExceeded",
        "code": "LIMIT_EXCEEDED",
        "message": "The limit is 60.00 USD within 24 hours. 20.00 USD is left.",
        "path": ["input", "amount"],
        "retryable": True,
    }
    resets_at = datetime.fromisoformat(limit.pop("resetsAt"))
    assert timedelta(hours=23) < resets_at - datetime.now(UTC) < timedelta(hours=24)
    assert limit == {
        "kind": "WITHDRAWAL_DAILY",
        "total": dollars("60.00"),
        "used": dollars("40.00"),
        "remaining": dollars("20.00"),
    }


async def test_the_limits_of_a_wallet_show_what_is_used(client: Client) -> None:
    ada = await client.sign_up("ada")
    before = (await client.data(LIMITS, by=ada))["wallet"]["limits"]
    assert [(one["kind"], one["total"]["amount"], one["remaining"], one["resetsAt"]) for one in before] == [
        ("DEPOSIT_DAILY", "10000.00", dollars("10000.00"), None),
        ("WITHDRAWAL_DAILY", "60.00", dollars("60.00"), None),
        ("TRANSFER_DAILY", "20000.00", dollars("20000.00"), None),
    ]
    await withdraw(client, ada, "15.00")
    after = (await client.data(LIMITS, by=ada))["wallet"]["limits"]
    assert [one["used"]["amount"] for one in after] == ["0.00", "15.00", "0.00"]
    assert after[1]["resetsAt"] is not None


@pytest.mark.parametrize(
    ("inputs", "code", "path"),
    [
        ({"amount": "0"}, "INVALID_AMOUNT", ["input", "amount"]),
        ({"amount": "1.001"}, "INVALID_AMOUNT", ["input", "amount"]),
        ({"bankName": ""}, "INVALID_INPUT", ["input", "bankName"]),
        ({"idempotencyKey": "short"}, "INVALID_INPUT", ["input", "idempotencyKey"]),
        ({"amount": "100.01"}, "INSUFFICIENT_FUNDS", ["input", "amount"]),
        ({"amount": "60.01"}, "LIMIT_EXCEEDED", ["input", "amount"]),
    ],
)
async def test_a_refused_withdrawal_has_a_code_and_a_path(
    client: Client, inputs: dict[str, str], code: str, path: list[str]
) -> None:
    ada = await client.sign_up("ada")
    payload = await withdraw(client, ada, **({"amount": "1.00"} | inputs))
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, path)]


async def test_a_withdrawal_declined_by_the_bank_fails_and_takes_no_money(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, simulated_bank="declining", environment="development") as client:
        ada = await client.sign_up("ada")
        payload = await withdraw(client, ada, "40.00", speed="INSTANT")
        assert [(error["code"], error["path"]) for error in payload["errors"]] == [
            ("BANK_DECLINED", ["input", "bankName"])
        ]
        assert (payload["transaction"]["status"], payload["transaction"]["failureCode"]) == (
            "FAILED",
            "BANK_DECLINED",
        )
        assert payload["wallet"]["available"] == dollars("100.00")


@pytest.mark.parametrize("amount", ["0", "0.00", "1.001", "10000000000.01"])
async def test_a_quote_of_an_invalid_amount_is_bad_user_input(client: Client, amount: str) -> None:
    ada = await client.sign_up("ada")
    answer = await client.post(QUOTE, {"amount": amount, "speed": "STANDARD"}, by=ada)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_a_preview_has_the_fee_the_remaining_balance_and_the_limit(client: Client) -> None:
    ada = await client.sign_up("ada")
    preview = await client.data(PREVIEW, {"input": {"amount": "40.00", "speed": "INSTANT"}}, by=ada)
    assert preview["withdrawalPreview"] == {
        "status": "CREATED",
        "amount": dollars("40.00"),
        "fee": dollars("0.60"),
        "total": dollars("40.60"),
        "availableAfter": dollars("59.40"),
        "limit": {
            "kind": "WITHDRAWAL_DAILY",
            "total": dollars("60.00"),
            "used": dollars("0.00"),
            "remaining": dollars("60.00"),
            "resetsAt": None,
        },
        "errors": [],
    }
    done = await withdraw(client, ada, "40.00", speed="INSTANT")
    assert done["wallet"]["available"] == preview["withdrawalPreview"]["availableAfter"]


@pytest.mark.parametrize(
    ("amount", "status", "error"),
    [
        ("0", None, ("InvalidInput", "INVALID_AMOUNT", ["input", "amount"], False)),
        ("1.001", None, ("InvalidInput", "INVALID_AMOUNT", ["input", "amount"], False)),
        ("60.01", None, ("LimitExceeded", "LIMIT_EXCEEDED", ["input", "amount"], True)),
        ("100.01", "FAILED", ("InsufficientFunds", "INSUFFICIENT_FUNDS", ["input", "amount"], False)),
    ],
)
async def test_a_preview_has_the_refusal_that_the_withdrawal_would_have(
    client: Client, amount: str, status: str | None, error: tuple[object, ...]
) -> None:
    ada = await client.sign_up("ada")
    preview = (await client.data(PREVIEW, {"input": {"amount": amount}}, by=ada))["withdrawalPreview"]
    assert [tuple(one.values()) for one in preview["errors"]] == [error]
    assert preview["status"] == status
    known = [preview[name] is not None for name in ("amount", "fee", "total", "limit")]
    assert known == [error[1] != "INVALID_AMOUNT"] * 4


async def test_the_withdrawal_quote_is_deprecated_in_favour_of_the_preview(client: Client) -> None:
    asked = '{ __type(name: "Query") { fields(includeDeprecated: true) { name isDeprecated deprecationReason } } }'
    fields = {one["name"]: one for one in (await client.data(asked))["__type"]["fields"]}
    assert "withdrawalPreview" in fields["withdrawalQuote"]["deprecationReason"]
    assert not fields["withdrawalPreview"]["isDeprecated"]


async def test_an_anonymous_request_can_neither_withdraw_quote_nor_preview(client: Client) -> None:
    inputs = {"amount": "1.00", "bankName": "First Bank", "idempotencyKey": new_key()}
    for document, variables in (
        (WITHDRAW, {"input": inputs}),
        (QUOTE, {"amount": "1", "speed": "INSTANT"}),
        (PREVIEW, {"input": {"amount": "1"}}),
    ):
        answer = await client.post(document, variables)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
