"""How refusals and failures are reported to clients."""

import importlib
import json
import logging
import pkgutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
from graphql import GraphQLError

import pocketpay
from pocketpay import errors as roots
from pocketpay.api import context
from pocketpay.api.error_code import ErrorCode
from pocketpay.api.errors import TABLE, RateLimited, Refusals, refusals_as_errors, user_errors
from pocketpay.database.failures import ServiceBusy
from pocketpay.identity import errors as identity
from pocketpay.identity.errors import Forbidden, Unauthenticated
from pocketpay.money import Money
from pocketpay.serving.failures import formatted, without_value
from pocketpay.transactions import errors as payments
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.stored_refusal import ENDS_AS
from tests.clients import Client
from tests.transactions.test_visibility import HELD


def _refusals(kind: type[roots.Refusal] = roots.Refusal) -> Iterator[type[roots.Refusal]]:
    for one in kind.__subclasses__():
        yield one
        yield from _refusals(one)


def test_every_refusal_has_a_table_row_and_an_error_code() -> None:
    for module in pkgutil.walk_packages(pocketpay.__path__, "pocketpay."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    ours = {kind for kind in _refusals() if kind.__module__.startswith("pocketpay.")}
    assert ours == set(TABLE)
    assert {kind.code for kind in ours} <= {code.name for code in ErrorCode}


def test_exactly_the_rate_limited_refusals_have_the_type_rate_limited() -> None:
    limited = {refusal for refusal, row in TABLE.items() if row.kind is RateLimited}
    assert limited == {refusal for refusal in TABLE if refusal.code == "RATE_LIMITED"}


def test_a_refusal_that_left_a_row_is_not_retryable() -> None:
    assert [kind for kind in ENDS_AS if TABLE[kind].retryable] == []


def test_a_refusal_is_reported_with_its_path_message_and_status() -> None:
    (reported,) = user_errors([payments.InsufficientFunds(Money(1_000, "USD"), Money(250, "USD"))])
    assert reported.code is ErrorCode.INSUFFICIENT_FUNDS
    assert reported.path == ["input", "amount"]
    assert reported.message == "The payment needs 10.00 USD, but only 2.50 USD is available."
    assert [one.message for one in user_errors([identity.RateLimited(1), identity.RateLimited(40)])] == [
        "Too many attempts. Try again in 1 second.",
        "Too many attempts. Try again in 40 seconds.",
    ]
    (stated,) = user_errors([payments.WrongState(replace(HELD, status=Status.CANCELLED))], prefix=())
    assert stated.path == ["id"]
    assert getattr(stated, "status") == "CANCELLED"  # noqa: B009 - a subclass has it
    assert user_errors([payments.WalletFrozen()])[0].path == []


async def test_raised_refusals_become_the_errors_of_the_payload() -> None:
    class Payload:
        def __init__(self, errors: list[object]) -> None:
            self.errors = errors

    @refusals_as_errors(Payload)
    async def one() -> Payload:
        raise payments.SelfTransfer

    @refusals_as_errors(Payload, prefix=())
    async def several() -> Payload:
        raise Refusals([payments.NotFound(), payments.InvalidInput("text", "is empty")])

    assert [error.code for error in (await one()).errors] == [ErrorCode.SELF_TRANSFER]  # type: ignore[attr-defined]
    assert [error.path for error in (await several()).errors] == [["id"], ["text"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Unauthenticated(), "UNAUTHENTICATED", "Sign in first."),
        (Forbidden(), "FORBIDDEN", "You are not allowed to do this."),
        (ServiceBusy("why"), "SERVICE_BUSY", "The service is busy. Try again in a moment."),
        (
            ServiceBusy("why", may_have_happened=True),
            "SERVICE_BUSY",
            "The outcome is not known yet. Send the request again with the same idempotency key.",
        ),
        (
            ZeroDivisionError("dsn=postgres://u:p@h"),
            "INTERNAL",
            "An internal error occurred. It has been logged.",
        ),
        (TypeError("Cannot return null"), "INTERNAL", "An internal error occurred. It has been logged."),
    ],
)
def test_a_failure_is_formatted_with_its_code_and_a_fixed_message(error: Exception, code: str, words: str) -> None:
    located = GraphQLError("located", path=["a", 0], original_error=error)
    (reported,) = formatted([located], "BAD_USER_INPUT", "request-1")
    assert reported["message"] == words
    assert reported["path"] == ["a", 0]
    expected = {"code": code, **({"requestId": "request-1"} if code == "INTERNAL" else {})}
    assert reported["extensions"] == expected


def test_a_result_that_does_not_fit_its_graphql_type_is_an_internal_error() -> None:
    """graphql-core raises its own error, whose message would contain the value."""
    (reported,) = formatted([GraphQLError("Int cannot represent 2147483648", path=["a"])], "BAD_USER_INPUT", "r")
    assert reported["extensions"]["code"] == "INTERNAL"


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (
            "Variable '$a' has invalid value at .b: String cannot represent a non string value: {'x': 'secret'}",
            "$a' has invalid value at .b: String cannot represent a non string value.",
        ),
        (
            "Expected value of type 'T' to be an object, found: \"secret\".",
            "Expected value of type 'T' to be an object.",
        ),
        (
            "Value 'SECRET' does not exist in 'Role' enum. Did you mean 'X'?",
            "Value does not exist in 'Role' enum.",
        ),
        (
            "Expected value of type 'T' not to include unknown field 'f'. Did you mean 'g'? Found: {'s': 'secret'}.",
            "not to include unknown field 'f'. Did you mean 'g'?",
        ),
    ],
)
def test_a_message_about_an_invalid_value_does_not_contain_the_value(message: str, kept: str) -> None:
    reported = without_value(message)
    assert kept in reported
    assert "secret" not in reported.lower()


async def test_an_unexpected_error_is_masked_and_logged_once_without_variables(
    client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ada = await client.sign_up("ada")

    def broken(self: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(context.Context, "require_viewer", broken)
    query = "query ($id: ID!) { viewer { id } node(id: $id) { id } }"
    response = await client.http.post(
        "/graphql",
        json={"query": query, "variables": {"id": "hunter2"}},
        headers={**ada.bearer, "x-request-id": "request-12345"},
    )
    answer = response.json()
    assert answer["data"] == {"viewer": None, "node": None}
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"INTERNAL"}
    assert {error["extensions"]["requestId"] for error in answer["errors"]} == {"request-12345"}
    assert "hunter2" not in response.text
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    noted = [line for line in lines if line.get("event") == "field_failed"]
    assert [line["path"] for line in noted] == ["viewer", "node"]
    assert all(line["failed"] == "RuntimeError" and line["request_id"] == "request-12345" for line in noted)
    assert logging.getLevelName(logging.ERROR).lower() == noted[0]["level"]
