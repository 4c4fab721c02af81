"""The server and Strawberry's own execution give the same answers: status, media type and body."""

import json
import re
from typing import Any

import httpx
import pytest

from tests.clients import Client, Person
from tests.serving.strawberry_view import strawberry_view

BOMB = (
    "{ ...f0 } "
    + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(20))
    + (" fragment f20 on Query { __typename }")
)
WALLET = "{ wallet { id currency status freeze balance { amount minorUnits currency } held { amount } version } }"
PAID = "{ transaction { id } errors { __typename code path } }"
PAY = f"mutation ($input: TransferInput!) {{ transfer(input: $input) {PAID} }}"
NESTED = "{ viewer { sessions { current } wallet { ... on Wallet { version ... { held { amount } } } } } }"
PAGE = "{ transactions { nodes { type sender { username } } pageInfo { hasNextPage } totalCount } }"
FLOAT = (
    'mutation { transfer(input: {to: "b", amount: 1.5, description: "", idempotencyKey: "12345678"}) { replayed } }'
)
AS_JSON = ("variables", "extensions")
"""The parameters that a query string has as JSON text."""
PAYMENT = {"to": "bob", "amount": "1.00", "description": "tea", "idempotencyKey": "a-key-1234"}


def bodies() -> list[Any]:
    """Valid and invalid request bodies. Bytes are sent unchanged."""
    good: list[Any] = [
        {"query": "{ __typename }"},
        {"query": "query A { __typename } query B { a: __typename }", "operationName": "B"},
        {"query": "query ($yes: Boolean!) { __typename @include(if: $yes) }", "variables": {"yes": False}},
        {"query": "{ __schema { queryType { name } types { name kind } } }"},
        {"query": '{ __type(name: "Wallet") { name fields { name } } }'},
        {"query": "{ viewer { username name email phone avatarUrl role createdAt } }"},
        {"query": WALLET},
        {"query": "{ a: wallet { ...w } b: wallet { ...w } } fragment w on Wallet { currency available { amount } }"},
        {"query": NESTED},
        {"query": '{ profile(username: "ada") { __typename username } nobody: profile(username: "zoe") { id } }'},
        {"query": '{ node(id: "x") { id } }'},
        {
            "query": "query ($id: ID!) { node(id: $id) { __typename ... on Wallet { currency } } }",
            "variables": {"id": "?"},
        },
        {"query": "{ riskPolicy { newRecipient confirmationMinutes largeTransferThreshold { amount } } }"},
        {"query": PAGE},
        {"query": "{ transactions(first: 1) { edges { cursor node { description } } } }"},
        {"query": "query ($n: Int) { transactions(first: $n) { nodes { type } } }", "variables": {"n": 3}},
        {"query": "query ($n: Int) { transactions(first: $n) { nodes { type } } }", "variables": None},
        {"query": PAY, "variables": {"input": {**PAYMENT, "to": "nobody-here"}}},
        {"query": PAY, "variables": {"input": {**PAYMENT, "to": "ada"}}},
        {"query": PAY, "variables": {"input": {**PAYMENT, "amount": "0"}}},
        {"query": PAY, "variables": {"input": {**PAYMENT, "idempotencyKey": "short"}}},
        {"query": "{ __typename }", "extensions": {"trace": True}},
        {"query": "{ __typename }", "operationName": ""},
    ]
    refused: list[Any] = [
        {"query": "{ transactions(first: 1, last: 1) { nodes { id } } }"},
        {"query": "{ transactions(first: 101) { nodes { id } } }"},
        {"query": "{ transactions(first: -1) { nodes { id } } }"},
        {"query": '{ transactions(after: "bm9wZQ") { nodes { id } } }'},
        {"query": "{ nothing }"},
        {"query": "{ viewer }"},
        {"query": "{ viewer { nothing } }"},
        {"query": "{ viewer { id"},
        {"query": "{"},
        {"query": " "},
        {"query": '"text"'},
        {"query": "query A { __typename } query B { __typename }"},
        {"query": "query A { __typename }", "operationName": "C"},
        {"query": "fragment f on Query { __typename }"},
        {"query": "{ ...missing }"},
        {"query": "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"},
        {"query": "subscription { balanceChanged { id } }"},
        {"query": "type X { a: Int }"},
        {"query": PAY, "variables": {"input": {**PAYMENT, "amount": 1.5}}},
        {"query": PAY, "variables": {"input": {**PAYMENT, "amount": "１"}}},
        {"query": PAY, "variables": {"input": {**PAYMENT, "amount": None}}},
        {"query": PAY, "variables": {"input": {**PAYMENT, "more": "secret-value"}}},
        {"query": PAY, "variables": {"input": {"to": ["secret-value"]}}},
        {"query": PAY, "variables": {"input": "secret-value"}},
        {"query": PAY, "variables": {}},
        {"query": PAY},
        {"query": FLOAT},
        {"query": "query ($id: ID!) { node(id: $id) { id } }", "variables": {"id": {"secret-value": 1}}},
        {"query": BOMB},
        {"query": "{ " + " ".join(f"a{n}: __typename" for n in range(31)) + " }"},
        {"query": "{ " + "__typename " * 501 + "}"},
        {"query": "{ " + "__typename " * 1001 + "}"},
        {
            "query": "{ transactions(first: 100) { nodes { "
            + " ".join(f"amount {{ amount }} a{n}: total {{ amount }}" for n in range(20))
            + " } } }"
        },
        {"query": "mutation { " + " ".join(f'm{n}: cancelTransfer(id: "x") {{ replayed }}' for n in range(6)) + " }"},
        {"query": "{ a: viewer { b: wallet { id } } }" * 2},
        {},
        {"query": None},
        {"query": ""},
        {"query": 5},
        {"query": ["{ __typename }"]},
        {"query": "{ __typename }", "variables": []},
        {"query": "{ __typename }", "variables": "x"},
        {"query": "{ __typename }", "operationName": 5},
        {"query": "{ __typename }", "extensions": "x"},
        [{"query": "{ __typename }"}],
        b"",
        b"null",
        b"1",
        b'"x"',
        b"{",
        b"\xff\xfe",
        b'{"query": "\\ud800"}',
        b"[" * 20_000,
        b'{"query": "{ __typename }", "variables": ' + b'{"a":' * 2_000 + b"1" + b"}" * 2_001,
        b'{"query": "{ __typename }", "variables": {"a": NaN}}',
        b'{"query": "{ __typename }", "variables": {"a": ' + b"9" * 5_000 + b"}}",
    ]
    return good + refused


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json", "*/*", ""])
@pytest.mark.parametrize("signed_in", [True, False])
async def test_the_server_answers_as_strawberrys_execution_does(client: Client, accept: str, signed_in: bool) -> None:
    ada = await client.sign_up("ada")
    await client.sign_up("bob")
    strawberry = _strawberry_of(client)
    for body in bodies():
        first = await _ask(client.http, body, accept, ada if signed_in else None)
        second = await _ask(strawberry, body, accept, ada if signed_in else None)
        assert first == second, body


@pytest.mark.parametrize("signed_in", [True, False])
async def test_a_get_request_gets_the_same_answer_as_a_post_request(client: Client, signed_in: bool) -> None:
    headers = (await client.sign_up("ada")).bearer if signed_in else {}
    compared = 0
    for body in bodies():
        if not isinstance(body, dict) or not isinstance(body.get("query"), str) or "mutation" in body["query"]:
            continue
        query_params = {name: json.dumps(body[name]) if name in AS_JSON else str(body[name]) for name in body}
        if len(str(query_params)) > 4_000 or isinstance(body.get("operationName"), int):
            continue
        by_get = await client.http.get("/graphql", params=query_params, headers=headers)
        by_post = await client.http.post("/graphql", json=body, headers=headers)
        assert (by_get.status_code, by_get.json()) == (by_post.status_code, by_post.json()), body
        compared += 1
    assert compared > 30


async def test_a_mutation_sent_with_get_is_not_carried_out(client: Client) -> None:
    ada = await client.sign_up("ada")
    query = 'mutation { updateProfile(input: {name: "Eve"}) { errors { code } } }'
    for name in ("mutation", "named"):
        query_params = {
            "query": query.replace("mutation {", f"{'mutation' if name == 'mutation' else 'mutation named'} {{")
        }
        refused = await client.http.get("/graphql", params=query_params, headers=ada.bearer)
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert (await client.data("{ viewer { name } }", by=ada))["viewer"]["name"] != "Eve"


async def test_no_answer_contains_a_value_of_the_variables(client: Client) -> None:
    ada = await client.sign_up("ada")
    for body in bodies():
        raw = (await _ask(client.http, body, "*/*", ada))[2]
        assert "secret-value" not in str(raw), body


def _strawberry_of(client: Client) -> httpx.AsyncClient:
    """A client of the same server with Strawberry's own execution."""
    view = strawberry_view(client.app.state.server_context, body_bytes=65_536)
    return httpx.AsyncClient(transport=httpx.ASGITransport(view), base_url="http://here")


async def _ask(http: httpx.AsyncClient, body: Any, accept: str, by: Person | None) -> tuple[int, str, Any]:
    headers = {"accept": accept, "content-type": "application/json", **(by.bearer if by else {})}
    content = {"content": body} if isinstance(body, bytes) else {"json": body}
    response = await http.post("/graphql", headers=headers, **content)
    return response.status_code, response.headers["content-type"], _without_new_ids(response.json())


def _without_new_ids(answer: Any) -> Any:
    """The answer as text, without the parts of ids that differ with every request."""
    return re.sub(r"transaction_[0-9a-z]{26}", "transaction_", str(answer))
