"""A customer with a client: signs up, sends requests over HTTP, subscribes on a websocket."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.serving.socket_client import SocketClient, socket

PASSWORD = "violet-harbour-19"
PATIENCE_SECONDS = 40.0

MONEY = "{ amount currency }"
TRANSACTION = (
    "id type direction status amount { amount } fee { amount } total { amount } description isRisky "
    "riskReasons { rule message } counterparty { username } expiresAt completedAt failureCode"
)
ERRORS = "errors { __typename code message path retryable }"
OUTCOME = (
    f"{{ transaction {{ {TRANSACTION} }} wallet {{ balance {MONEY} held {MONEY} available {MONEY} version }} "
    f"replayed {ERRORS} }}"
)

SIGN_UP = (
    "mutation ($input: SignUpInput!) { signUp(input: $input) "
    f"{{ tokens {{ accessToken refreshToken }} user {{ id wallet {{ id }} }} {ERRORS} }} }}"
)
SIGN_IN = (
    "mutation ($input: SignInInput!) { signIn(input: $input) "
    f"{{ tokens {{ accessToken refreshToken }} user {{ id wallet {{ id }} }} {ERRORS} }} }}"
)
DEPOSIT = f"mutation ($input: DepositInput!) {{ deposit(input: $input) {OUTCOME} }}"
TRANSFER = f"mutation ($input: TransferInput!) {{ transfer(input: $input) {OUTCOME} }}"
CONFIRM = f"mutation ($id: ID!) {{ confirmTransfer(id: $id) {OUTCOME} }}"
CANCEL = f"mutation ($id: ID!) {{ cancelTransfer(id: $id) {OUTCOME} }}"
WALLET = f"{{ wallet {{ id balance {MONEY} held {MONEY} available {MONEY} version }} }}"
HISTORY = f"{{ transactions {{ nodes {{ {TRANSACTION} }} totalCount }} }}"

BALANCE_CHANGED = f"subscription {{ balanceChanged {{ balance {MONEY} held {MONEY} available {MONEY} version }} }}"
ASKED = f"subscription {{ riskConfirmationRequested {{ {TRANSACTION} }} }}"
UPDATED = f"subscription {{ transactionUpdated {{ {TRANSACTION} }} }}"


@dataclass
class Customer:
    """A user who is signed in at the server of `http`."""

    http: httpx.AsyncClient
    username: str
    token: str
    refresh_token: str

    async def post(self, document: str, /, *, at: httpx.AsyncClient | None = None, **variables: Any) -> Any:
        """Returns the whole response, from this customer's server or from another one. A 503 is returned too
        (SERVICE_BUSY)."""
        response = await (at or self.http).post(
            "/graphql",
            json={"query": document, "variables": variables},
            headers={"Authorization": f"Bearer {self.token}"},
        )
        assert response.status_code in (200, 503), (response.status_code, response.text)
        return response.json()

    async def ask(self, document: str, /, *, at: httpx.AsyncClient | None = None, **variables: Any) -> Any:
        """Returns the value of the response's only field. The response must have no errors."""
        answer = await self.post(document, at=at, **variables)
        assert "errors" not in answer, answer
        (value,) = answer["data"].values()
        return value

    async def deposit(self, amount: str) -> Any:
        input = {"amount": amount, "bankName": "First Bank", "idempotencyKey": key()}
        return await self.ask(DEPOSIT, input=input)

    async def transfer(
        self, to: str, amount: str, *, key_: str | None = None, at: httpx.AsyncClient | None = None
    ) -> Any:
        input = {"to": to, "amount": amount, "description": "Lunch", "idempotencyKey": key_ or key()}
        return await self.ask(TRANSFER, at=at, input=input)

    async def available(self, *, at: httpx.AsyncClient | None = None) -> str:
        amount: str = (await self.ask(WALLET, at=at))["available"]["amount"]
        return amount

    @asynccontextmanager
    async def listening(self, url: str | None = None) -> AsyncIterator[SocketClient]:
        """Opens a websocket of this customer, at their server or at another one."""
        async with socket(url or str(self.http.base_url).rstrip("/"), self.token) as client:
            yield client


def at(url: str, *, connections: int = 20) -> httpx.AsyncClient:
    """Returns an HTTP client for the server at that URL."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS, limits=limits, trust_env=False)


async def sign_up(http: httpx.AsyncClient, username: str | None = None) -> Customer:
    """Signs up a new user. Without a username it takes a unique one, because the tests of a module share a server."""
    username = username or f"someone_{secrets.token_hex(4)}"
    form = {"username": username, "name": username.title(), "password": PASSWORD}
    return await _enter(http, username, SIGN_UP, form)


async def sign_in(http: httpx.AsyncClient, username: str) -> Customer:
    """Signs in an existing user, in a new session."""
    return await _enter(http, username, SIGN_IN, {"login": username, "password": PASSWORD})


async def _enter(http: httpx.AsyncClient, username: str, document: str, form: dict[str, str]) -> Customer:
    response = await http.post("/graphql", json={"query": document, "variables": {"input": form}})
    (payload,) = response.json()["data"].values()
    assert payload["errors"] == [], payload
    tokens = payload["tokens"]
    return Customer(http, username, tokens["accessToken"], tokens["refreshToken"])


def key() -> str:
    """Returns a new idempotency key."""
    return secrets.token_hex(12)
