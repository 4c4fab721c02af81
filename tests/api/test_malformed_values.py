"""A malformed value is BAD_USER_INPUT: the error has the path of the value and the expected format."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.clients import PASSWORD, Client, Person, listening, serving
from tests.conftest import Dsns
from tests.serving.socket_client import socket

SIGN_UP = "mutation ($input: SignUpInput!) { signUp(input: $input) { tokens { accessToken refreshToken } } }"
TRANSFER = "mutation ($in: TransferInput!) { transfer(input: $in) { errors { code message path } } }"
BATCH = "mutation ($input: TransferBatchInput!) { transferBatch(input: $input) { errors { code } } }"
QUOTE = "query ($much: Amount!) { withdrawalQuote(amount: $much, speed: STANDARD) { fee { amount } } }"
LIST = "query ($given: TransactionFilter) { transactions(filter: $given) { totalCount } }"
IN_USD = 'An Amount in USD is decimal text like "12.50", with at most 2 digits after the point.'
IN_JPY = 'An Amount in JPY is decimal text like "1250", without a point.'
IN_KWD = 'An Amount in KWD is decimal text like "12.500", with at most 3 digits after the point.'
IN_ANY = 'An Amount is decimal text like "12.50", with no more digits after the point than its currency has.'


@pytest.fixture
async def client(warm: None, database_dsn: Dsns) -> AsyncIterator[Client]:
    settings = {"currencies": "USD,JPY,KWD", "large_transfer_threshold": "USD:500.00,JPY:75000,KWD:150.000"}
    async with serving(database_dsn.server, **settings) as one:
        yield one


async def signed_up(client: Client, username: str, currency: str = "USD") -> Person:
    fields = {"username": username, "name": username, "password": PASSWORD, "currency": currency}
    answer = await client.data(SIGN_UP, {"input": fields})
    tokens = answer["signUp"]["tokens"]
    return Person(username, tokens["accessToken"], tokens["refreshToken"])


def item(amount: object, **more: object) -> dict[str, object]:
    return {"to": "bob", "amount": amount, "description": "Lunch", **more}


def errors_of(answer: Any) -> list[tuple[str, list[str | int], str]]:
    """The code, the path and the message of each error."""
    return [
        (error["extensions"]["code"], error["extensions"]["inputPath"], error["message"])
        for error in answer["errors"]
    ]


@pytest.mark.parametrize("wrong", [12.5, "12,50", "-1", "1e3", " 1", "12.5555", True, {}, 10**13])
async def test_the_error_for_a_variable_has_its_path_and_the_format_of_an_amount(
    client: Client, wrong: object
) -> None:
    ada = await signed_up(client, "ada")
    answer = await client.post(TRANSFER, {"in": item(wrong, idempotencyKey="12345678")}, by=ada)
    words = f"Variable '$in' has invalid value at .amount: {IN_USD}"
    assert errors_of(answer) == [("BAD_USER_INPUT", ["in", "amount"], words)]


@pytest.mark.parametrize(("currency", "words"), [("USD", IN_USD), ("JPY", IN_JPY), ("KWD", IN_KWD)])
async def test_the_error_has_the_amount_format_of_the_viewers_currency(
    client: Client, currency: str, words: str
) -> None:
    ada = await signed_up(client, "ada", currency=currency)
    answer = await client.post(QUOTE, {"much": "x"}, by=ada)
    assert errors_of(answer) == [("BAD_USER_INPUT", ["much"], f"Variable '$much' has invalid value: {words}")]
    for _ in range(2):  # the second comes from the prepared document
        literal = await client.post('{ withdrawalQuote(amount: "x", speed: STANDARD) { fee { amount } } }', by=ada)
        assert errors_of(literal) == [("BAD_USER_INPUT", ["amount"], words)]


async def test_a_prepared_document_gives_each_viewer_the_format_of_their_currency(client: Client) -> None:
    text = "{ withdrawalQuote(amount: 12.5, speed: STANDARD) { fee { amount } } }"
    ada, bob = await signed_up(client, "ada", currency="JPY"), await signed_up(client, "bob", currency="KWD")
    for person, words in ((ada, IN_JPY), (bob, IN_KWD), (ada, IN_JPY), (None, IN_ANY)):
        assert errors_of(await client.post(text, by=person)) == [("BAD_USER_INPUT", ["amount"], words)]


async def test_a_websocket_returns_the_same_error_for_a_malformed_value(client: Client) -> None:
    ada = await signed_up(client, "ada", "JPY")
    async with listening(client) as server, socket(f"http://127.0.0.1:{server.port}", ada.token) as opened:
        error = await (await opened.subscribe(QUOTE, much=1.5)).error()
    assert errors_of({"errors": [error]}) == [
        ("BAD_USER_INPUT", ["much"], f"Variable '$much' has invalid value: {IN_JPY}")
    ]


async def test_the_error_path_has_list_indexes_and_every_bad_value_has_an_error(client: Client) -> None:
    ada = await signed_up(client, "ada")
    variables = {"input": {"transfers": [item("1"), item("x"), item(1.5)], "idempotencyKey": "12345678"}}
    answer = await client.post(BATCH, variables, by=ada)
    assert [place for _, place, _ in errors_of(answer)] == [
        ["input", "transfers", 1, "amount"],
        ["input", "transfers", 2, "amount"],
    ]


async def test_a_bad_literal_has_its_path_in_an_argument_a_fragment_or_a_default(client: Client) -> None:
    ada = await signed_up(client, "ada")
    key, items = (
        '"12345678"',
        '{to: "bob", amount: "1", description: "a"}, {to: "bob", amount: "x", description: "b"}',
    )
    for text, place in (
        (
            f"mutation {{ transferBatch(input: {{transfers: [{items}], idempotencyKey: {key}}}) "
            "{ errors { code } } }",
            ["input", "transfers", 1, "amount"],
        ),
        ("{ wallet { transactions(filter: {minAmount: 1.5}) { totalCount } } }", ["filter", "minAmount"]),
        ('{ ...Q } fragment Q on Query { transactions(filter: {since: "now"}) { totalCount } }', ["filter", "since"]),
        (QUOTE.replace("Amount!", 'Amount! = "x"'), ["much"]),
    ):
        assert [(code, at) for code, at, _ in errors_of(await client.post(text, by=ada))] == [
            ("BAD_USER_INPUT", place)
        ]


async def test_errors_for_malformed_values_of_other_types_have_a_path(client: Client) -> None:
    ada = await signed_up(client, "ada")
    for document, variables, place in (
        (LIST, {"given": {"since": "yesterday"}}, ["given", "since"]),
        (LIST, {"given": {"types": ["SEND", "GIFT"]}}, ["given", "types", 1]),
        (LIST, {"given": {"minAmount": "1.005"}}, ["filter", "minAmount"]),
        (LIST, {"given": {"maxAmount": "99999999999"}}, ["filter", "maxAmount"]),
        ("query ($n: Int) { transactions(first: $n) { totalCount } }", {"n": 101}, ["first"]),
        ("query ($n: Int) { transactions(last: $n) { totalCount } }", {"n": -1}, ["last"]),
        ("query ($at: String) { transactions(before: $at) { totalCount } }", {"at": "x"}, ["before"]),
        ("query ($at: String) { transactions(after: $at) { totalCount } }", {"at": "x"}, ["after"]),
        ('query { wallet { statement(month: "May") { month } } }', {}, ["month"]),
        (QUOTE, {"much": "0"}, ["amount"]),
        (QUOTE, {}, ["much"]),
        (TRANSFER, {"in": item("1")}, ["in"]),
    ):
        answer = await client.post(document, variables, by=ada)
        assert [(code, at) for code, at, _ in errors_of(answer)] == [("BAD_USER_INPUT", place)], document


async def test_a_well_formed_amount_with_too_many_decimals_is_a_refusal(client: Client) -> None:
    for name, currency, words in (("ada", "USD", "at most 2 decimals"), ("bob", "JPY", "no decimals")):
        person = await signed_up(client, name, currency=currency)
        answer = await client.data(TRANSFER, {"in": item("1.005", idempotencyKey="12345678")}, by=person)
        (error,) = answer["transfer"]["errors"]
        assert error["code"] == "INVALID_AMOUNT"
        assert f"must have {words} in {currency}" in error["message"]


async def test_the_error_for_conflicting_arguments_has_no_path(client: Client) -> None:
    ada = await signed_up(client, "ada")
    (error,) = (await client.post("{ transactions(first: 1, last: 1) { totalCount } }", by=ada))["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
