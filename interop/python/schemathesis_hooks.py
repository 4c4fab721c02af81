"""What Schemathesis needs to know about Pocket Pay: its scalars, and which errors an operation may have.

Schemathesis generates documents with random arguments, valid and invalid ones. For its own check every error of a
valid document is a failure, but a random argument is often refused. So `documented` replaces that check: an error
must be one that docs/clients.md describes, and an invalid document must have one.
"""

import os
from typing import Any

import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

SIGN_IN = """mutation {
  signIn(input: {login: "olivia", password: "pocket-pay-demo"}) { tokens { accessToken } } }"""

EXPECTED = {"BAD_USER_INPUT", "FORBIDDEN", "QUERY_TOO_COMPLEX"}
"""The codes of docs/clients.md that a valid document may have, with a valid token and random arguments."""

INVALID = {"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"}
"""The codes of an invalid document."""

OF_THE_DOCUMENT = {"QUERY_TOO_COMPLEX"}
"""The codes of an error that has no place, because the whole document causes it."""

ENDS_THE_SESSION = "Mutation.signOut"
"""Runs without a token, because every later operation needs it."""

amounts = st.one_of(st.decimals("0.01", "50.00", places=2).map(str), st.text(max_size=20))
schemathesis.graphql.scalar("Amount", amounts.map(nodes.String))
schemathesis.graphql.scalar("CurrencyCode", st.sampled_from(["USD", "EUR", "JPY", "XXX", ""]).map(nodes.String))
times = st.one_of(st.datetimes().map(lambda time: f"{time.isoformat()}Z"), st.text(max_size=30))
schemathesis.graphql.scalar("DateTime", times.map(nodes.String))


@schemathesis.auth()
class Operator:
    """Signs in as the demo operator, so that the operators' fields are tested too."""

    def get(self, case: Any, context: Any) -> str:
        body = {"query": SIGN_IN}
        answer = requests.post(os.environ["POCKETPAY_URL"], json=body, timeout=30).json()
        return str(answer["data"]["signIn"]["tokens"]["accessToken"])

    def set(self, case: Any, token: str, context: Any) -> None:
        if case.operation.label != ENDS_THE_SESSION:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}


@schemathesis.check
def documented(context: Any, response: Any, case: Any) -> None:
    """The response is JSON with status 200, each error in it has a code and is expected, and an invalid document is
    refused."""
    assert response.status_code == 200, f"status {response.status_code}"
    assert response.headers["content-type"][0].startswith("application/json"), response.headers
    answer = response.json()
    errors = answer.get("errors", [])
    invalid = case.meta.generation.mode.is_negative
    assert "data" in answer or errors, answer
    assert errors or not invalid, "an invalid document has no error"
    expected = INVALID if invalid else EXPECTED
    if case.operation.label == ENDS_THE_SESSION:
        expected = expected | {"UNAUTHENTICATED"}
    for error in errors:
        assert error["message"], error
        code = error["extensions"]["code"]
        assert code in expected, error
        assert error.get("path") or error.get("locations") or code in OF_THE_DOCUMENT, error
