"""POST /graphql with Accept: text/event-stream: the events, and what ends a stream."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from pocketpay.identity import sessions
from pocketpay.serving import event_streams
from pocketpay.serving.connections.connections import Connections
from pocketpay.serving.connections.limits import ConnectionLimits
from pocketpay.serving.connections.protocol import protocol_of
from pocketpay.serving.execution import Execution
from tests.clients import PASSWORD, Client, Listening, Person, listening, serving
from tests.conftest import Dsns
from tests.patience import PATIENCE_SECONDS
from tests.people import made
from tests.serving.event_stream_client import streaming
from tests.updates.waiting import until

BALANCE = "subscription { balanceChanged { balance { amount } } }"
SIGN_IN = """mutation ($input: SignInInput!) {
  signIn(input: $input) { tokens { refreshToken } user { username } errors { code } } }"""
DEPOSIT = """mutation ($input: DepositInput!) { deposit(input: $input) { errors { code } } }"""
COMPLETE = ("complete", None)
EVENTS = {"accept": "text/event-stream"}


def ended_with(code: str) -> Any:
    """The last events of a stream that ends with an error of that code."""

    class Ending:
        def __eq__(self, other: object) -> bool:
            match other:
                case [*_, ("next", {"errors": [{"extensions": {"code": found}}]}), ("complete", None)]:
                    return bool(found == code)
            return False

    return Ending()


@asynccontextmanager
async def connections_of(client: Client, **limits: Any) -> AsyncIterator[Listening]:
    """The client's server on a port, with our HTTP protocol as in production."""
    of_connections = replace(ConnectionLimits.of(made()), **limits)
    protocol = protocol_of(Connections(of_connections), client.app.state.responder)
    async with listening(client, http=protocol) as one:
        yield one


@pytest.fixture
async def server(client: Client) -> AsyncIterator[Listening]:
    async with connections_of(client) as one:
        yield one


async def deposit(client: Client, by: Person, key: str = "a deposit of bob") -> None:
    made_input = {"amount": "5.00", "bankName": "First Bank", "idempotencyKey": key}
    assert (await client.data(DEPOSIT, {"input": made_input}, by=by))["deposit"]["errors"] == []


async def open_streams(client: Client) -> int:
    lines = (await client.http.get("/metrics")).text.splitlines()
    (line,) = [line for line in lines if line.startswith("pocketpay_sockets ")]
    return int(float(line.split()[1]))


async def at_most_open(client: Client, most: int) -> None:
    """Waits until at most this number of streams is open."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await open_streams(client) > most:  # noqa: ASYNC110 - the server tells it on request only
            await asyncio.sleep(0.01)


async def test_a_query_and_a_mutation_are_answered_and_completed(server: Listening) -> None:
    ada = await server.client.sign_up("ada")
    async with streaming(server.port, "{ viewer { username } }", token=ada.token) as stream:
        assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert stream.headers["cache-control"] == "no-store"
        assert len(stream.headers["x-request-id"]) == 24
        assert await stream.next() == {"data": {"viewer": {"username": "ada"}}}
        assert await stream.event() == COMPLETE
    variables = {"input": {"login": "ada", "password": PASSWORD}}
    async with streaming(server.port, SIGN_IN, variables=variables) as stream:
        assert (await stream.next())["data"]["signIn"]["user"] == {"username": "ada"}
        assert await stream.event() == COMPLETE


async def test_a_subscription_sends_its_state_and_its_changes(server: Listening) -> None:
    ada = await server.client.sign_up("ada")
    async with streaming(server.port, BALANCE, token=ada.token) as stream:
        assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert await stream.next() == {"data": {"balanceChanged": {"balance": {"amount": "100.00"}}}}
        await deposit(server.client, ada)
        seen = []
        while "105.00" not in seen:
            seen.append((await stream.next())["data"]["balanceChanged"]["balance"]["amount"])
        assert await open_streams(server.client) == 1
    await at_most_open(server.client, 0)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "BAD_USER_INPUT"),
        ("subscription ($id: ID!) { transactionUpdated(id: $id) { id } }", "BAD_USER_INPUT"),
        ("{ " + "__typename " * 501 + "}", "QUERY_TOO_COMPLEX"),
    ],
)
async def test_a_refused_document_is_answered_with_its_errors(server: Listening, query: str, code: str) -> None:
    ada = await server.client.sign_up("ada")
    async with streaming(server.port, query, token=ada.token) as stream:
        assert stream.status == 200
        assert await stream.rest() == ended_with(code)


async def test_a_subscription_without_a_token_is_unauthenticated(server: Listening) -> None:
    async with streaming(server.port, BALANCE) as stream:
        assert stream.status == 200
        assert await stream.rest() == ended_with("UNAUTHENTICATED")
    await at_most_open(server.client, 0)


async def test_a_subscription_whose_source_fails_ends_with_an_error(
    server: Listening, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> bytes:
        raise RuntimeError("broken")

    monkeypatch.setattr(Execution, "event_payload", broken)
    ada = await server.client.sign_up("ada")
    async with streaming(server.port, BALANCE, token=ada.token) as stream:
        assert await stream.rest() == ended_with("INTERNAL")


async def test_requests_that_are_not_executed_are_refused_with_json(client: Client) -> None:
    for body, headers, status in (
        (b"{", {"content-type": "application/json"}, 400),
        (b'{"query": 1}', {"content-type": "application/json"}, 400),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"{" + b" " * 70_000, {"content-type": "application/json"}, 413),
    ):
        refused = await client.http.post("/graphql", content=body, headers={**EVENTS, **headers})
        assert (refused.status_code, refused.headers["content-type"]) == (status, "application/json; charset=utf-8")
        assert refused.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    by_get = await client.http.get("/graphql", params={"query": "{ __typename }"}, headers=EVENTS)
    assert (by_get.status_code, by_get.headers["content-type"]) == (406, "application/json; charset=utf-8")


URQL = "application/graphql-response+json, application/graphql+json, application/json, text/event-stream"


@pytest.mark.parametrize(
    ("accept", "streams"),
    [
        ("text/event-stream", True),
        ("Text/Event-Stream;charset=utf-8", True),
        ("text/event-stream, multipart/mixed", True),
        ("text/event-stream, */*", True),
        ("application/json;q=0.5, text/event-stream", True),
        (URQL, False),
        ("application/json, text/event-stream", False),
        ("text/event-stream, application/json", False),
        ("text/event-stream;q=0.9, application/json", False),
        ("text/event-stream;q=0, */*", False),
        ("*/*", False),
    ],
)
async def test_the_accept_header_chooses_between_json_and_events(
    server: Listening, accept: str, streams: bool
) -> None:
    async with streaming(server.port, "{ __typename }", accept=accept) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream") == streams
        assert (await stream.next() if streams else await stream.body()) == {"data": {"__typename": "Query"}}


async def test_a_json_response_to_a_subscription_names_both_transports(client: Client) -> None:
    answer = await client.post(BALANCE)
    assert "graphql-transport-ws" in answer["errors"][0]["message"]
    assert "text/event-stream" in answer["errors"][0]["message"]


async def test_comments_are_sent_while_there_is_no_event(server: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_streams, "PING_SECONDS", 0.01)
    ada = await server.client.sign_up("ada")
    async with streaming(server.port, BALANCE, token=ada.token) as stream:
        await stream.next()
        waiting = asyncio.create_task(stream.next())
        await until(lambda: stream.comments >= 3)
        await deposit(server.client, ada)
        assert "data" in await waiting


async def test_a_revoked_session_ends_only_its_own_streams(server: Listening) -> None:
    ada, bob = await server.client.sign_up("ada"), await server.client.sign_up("bob")
    services = server.client.services.identity
    viewer = await services.gate.viewer(ada.token)
    assert viewer is not None
    async with (
        streaming(server.port, BALANCE, token=ada.token) as adas,
        streaming(server.port, BALANCE, token=bob.token) as bobs,
    ):
        await adas.next()
        await bobs.next()
        await sessions.sign_out(services, viewer)
        assert await adas.rest() == ended_with("UNAUTHENTICATED")
        await deposit(server.client, bob)
        assert "data" in await bobs.next()


async def test_a_stream_ends_when_its_token_expires(server: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await server.client.sign_up("ada")
    claims = await server.client.services.identity.gate.check(ada.token)
    expires_at = getattr(claims, "expires_at")  # noqa: B009
    assert expires_at > time.time()
    monkeypatch.setattr(event_streams, "time", lambda: expires_at)
    async with streaming(server.port, BALANCE, token=ada.token) as stream:
        assert await stream.rest() == ended_with("UNAUTHENTICATED")
    await at_most_open(server.client, 0)


async def test_the_streams_of_a_user_are_limited_together_with_their_websockets(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, sockets_per_user=2) as client, connections_of(client) as server:
        ada = await client.sign_up("ada")
        async with streaming(server.port, BALANCE, token=ada.token) as first:
            async with streaming(server.port, BALANCE, token=ada.token) as second:
                await first.next()
                await second.next()
                async with streaming(server.port, BALANCE, token=ada.token) as third:
                    assert third.status == 429
                    assert (await third.body())["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
                async with streaming(server.port, "{ __typename }", token=ada.token) as query:
                    assert await query.rest() == [("next", {"data": {"__typename": "Query"}}), COMPLETE]
            await at_most_open(client, 1)
            async with streaming(server.port, BALANCE, token=ada.token) as again:
                assert again.status == 200


async def test_requests_for_streams_count_for_the_rate_limit(database_dsn: Dsns) -> None:
    async with serving(database_dsn.server, anonymous_rate_per_second=1) as client:
        query = {"query": "{ __typename }"}
        statuses = [(await client.http.post("/graphql", json=query, headers=EVENTS)).status_code for _ in range(4)]
    assert statuses[:2] == [200, 200]
    assert 429 in statuses


async def test_a_stop_ends_streams_without_complete_so_that_clients_connect_again(server: Listening) -> None:
    ada = await server.client.sign_up("ada")
    async with streaming(server.port, BALANCE, token=ada.token) as stream:
        await stream.next()
        server.stop()
        assert await stream.rest() == []


async def test_a_client_that_does_not_read_is_disconnected_and_nothing_is_queued_for_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = 0

    async def large(*_: object) -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            await asyncio.sleep(0)
            yield b'"' + b"x" * 65_536 + b'"'

    monkeypatch.setattr(event_streams, "payloads", large)
    ada = await client.sign_up("ada")
    async with (
        connections_of(client, unread_seconds=0.5) as server,
        streaming(server.port, BALANCE, token=ada.token),
    ):
        await at_most_open(client, 0)
    assert 0 < sent < 500


async def test_the_end_of_a_session_disconnects_a_client_that_does_not_read(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def large(*_: object) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0)
            yield b'"' + b"x" * 65_536 + b'"'

    monkeypatch.setattr(event_streams, "payloads", large)
    monkeypatch.setattr(event_streams, "CUT_SECONDS", 0.05)
    ada = await client.sign_up("ada")
    services = client.services.identity
    viewer = await services.gate.viewer(ada.token)
    assert viewer is not None
    async with (
        connections_of(client, unread_seconds=600.0) as server,
        streaming(server.port, BALANCE, token=ada.token),
    ):
        await sessions.sign_out(services, viewer)
        await at_most_open(client, 0)


async def test_a_mutation_by_event_stream_sets_the_cookie_of_the_refresh_token(database_dsn: Dsns) -> None:
    app = "https://app.example"
    async with serving(database_dsn.server, allowed_origins=app, refresh_cookie=True) as client:
        await client.sign_up("ada")
        variables = {"input": {"login": "ada", "password": PASSWORD}}
        headers = {**EVENTS, "origin": app, "x-refresh-cookie": "1"}
        answer: httpx.Response = await client.http.post(
            "/graphql", json={"query": SIGN_IN, "variables": variables}, headers=headers
        )
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == app
    assert '"refreshToken":""' in answer.text
    assert "HttpOnly" in answer.headers["set-cookie"]
