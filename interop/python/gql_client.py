"""Signs in, pays a new recipient, confirms the payment and watches the balance, with the client library gql.

    python gql_client.py http://127.0.0.1:8000/graphql

It reads the schema from the server, checks each document against it, and parses each result by it. The operations are
those of the TypeScript clients. Prints the checks as a line of JSON.
"""

import asyncio
import json
import re
import sys
import uuid
from pathlib import Path
from typing import Any

from gql import Client, GraphQLRequest
from gql.client import AsyncClientSession, ReconnectingAsyncClientSession
from gql.dsl import DSLQuery, DSLSchema, dsl_gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError
from gql.transport.websockets import WebsocketsTransport

OPERATIONS = (Path(__file__).parents[1] / "src" / "operations.ts").read_text(encoding="utf-8")
PASSWORD = "pocket-pay-demo"
WAIT_SECONDS = 30

SIGN_UP = "mutation ($input: SignUpInput!) { signUp(input: $input) { errors { message } } }"

Session = AsyncClientSession | ReconnectingAsyncClientSession


class Checks:
    def __init__(self) -> None:
        self.made = 0
        self.failures: list[str] = []

    def equal(self, rule: str, actual: object, expected: object) -> None:
        self.made += 1
        if actual != expected:
            self.failures.append(f"{rule}: {actual!r} instead of {expected!r}")


def operation(name: str, **variables: Any) -> GraphQLRequest:
    """Returns an operation of operations.ts with its variables."""
    texts: list[str] = re.findall(r"graphql\(`(.*?)`\)", OPERATIONS, re.DOTALL)
    (text,) = (text for text in texts if re.search(rf"^\s*\w+ {name}\b", text))
    return GraphQLRequest(text, variable_values=variables)


def payment(amount: str) -> dict[str, str]:
    key = str(uuid.uuid4())
    return {"to": "carol", "amount": amount, "description": "Interoperability", "idempotencyKey": key}


def client(url: str, token: str | None = None) -> Client:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    transport = AIOHTTPTransport(url, headers=headers)
    return Client(transport=transport, fetch_schema_from_transport=True, parse_results=True)


async def sign_in(url: str, checks: Checks) -> str:
    """Signs up a customer, who has paid nobody yet, and returns the access token of a sign-in."""
    username = f"interop_{uuid.uuid4().hex[:16]}"
    person = {"username": username, "name": "Ingrid Interop", "password": PASSWORD}
    async with client(url) as session:
        made = await session.execute(GraphQLRequest(SIGN_UP, variable_values={"input": person}))
        checks.equal("the sign-up is not refused", made["signUp"]["errors"], [])
        login = {"login": username, "password": PASSWORD}
        answer = await session.execute(operation("SignIn", input=login))
        token: str = answer["signIn"]["tokens"]["accessToken"]
        return token


async def until(events: Any, amount: str) -> str:
    """Returns the newest balance, as soon as it is this one or the time is over."""
    newest = ""
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            async for event in events:
                newest = event["balanceChanged"]["available"]["amount"]
                if newest == amount:
                    break
    except TimeoutError:
        pass
    return newest


async def pay(session: Session, events: Any, checks: Checks) -> None:
    checks.equal("the subscription starts with the current balance", await until(events, "100.00"), "100.00")
    refused = (await session.execute(operation("Pay", input=payment("1000.00"))))["transfer"]
    (error,) = refused["errors"]
    checks.equal("a payment without funds is refused as data", error["code"], "INSUFFICIENT_FUNDS")
    checks.equal("its fragment has the required amount", error["required"]["amount"], "1000.00")
    paid = (await session.execute(operation("Pay", input=payment("12.50"))))["transfer"]
    checks.equal("a payment to a new recipient waits", paid["transaction"]["status"], "PENDING_CONFIRMATION")
    checks.equal("the held amount arrives as a live update", await until(events, "87.50"), "87.50")
    confirmed = (await session.execute(operation("Confirm", id=paid["transaction"]["id"])))["confirmTransfer"]
    checks.equal("the confirmed payment is completed", confirmed["transaction"]["status"], "COMPLETED")


async def errors(session: Session, checks: Checks) -> None:
    """An error of the request has its code, and the DSL builds documents from the served schema."""
    try:
        await session.execute(GraphQLRequest("{ operations { books { id } } }"))
    except TransportQueryError as refused:
        codes = [error["extensions"]["code"] for error in refused.errors or []]
        checks.equal("an invalid document is refused with its code", codes, ["GRAPHQL_VALIDATION_FAILED"])
    else:
        checks.equal("an invalid document is refused", False, True)


async def typed_query(session: Session, checks: Checks) -> None:
    assert session.client.schema is not None
    schema = DSLSchema(session.client.schema)
    wallet, money = schema.Wallet, schema.Money
    query = DSLQuery(schema.Query.wallet.select(wallet.available.select(money.amount), wallet.createdAt))
    answer = await session.execute(dsl_gql(query))
    checks.equal("a query of the DSL is answered", answer["wallet"]["available"], {"amount": "87.50"})


async def over_websocket(url: str, token: str, checks: Checks) -> None:
    transport = WebsocketsTransport(
        url.replace("http", "ws", 1),
        init_payload={"Authorization": f"Bearer {token}"},
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        ping_interval=1,
    )
    async with client(url, token) as session, Client(transport=transport) as live:
        events = live.subscribe(operation("BalanceChanged"))
        await pay(session, events, checks)
        await events.aclose()
        await typed_query(session, checks)
        answer = await live.execute(operation("Wallet"))
        checks.equal("a query on the websocket is answered", answer["wallet"]["available"]["amount"], "87.50")
    async with Client(transport=AIOHTTPTransport(url)) as session:
        await errors(session, checks)


async def main() -> None:
    (url,) = sys.argv[1:]
    checks = Checks()
    await over_websocket(url, await sign_in(url, checks), checks)
    print(json.dumps({"checks": checks.made, "failures": checks.failures}))


if __name__ == "__main__":
    asyncio.run(main())
