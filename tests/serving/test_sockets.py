"""The websocket protocol: accepted messages, close codes, and the limits of sockets and operations."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from pocketpay.identity import sessions
from pocketpay.serving import sockets
from pocketpay.serving.sockets import Socket
from pocketpay.serving.view import View
from tests.clients import Client, Listening, Person, listening, serving
from tests.conftest import Dsns
from tests.patience import PATIENCE_SECONDS
from tests.updates.waiting import until

INIT: dict[str, Any] = {"type": "connection_init"}


@asynccontextmanager
async def acknowledged(
    server: Listening, *, by: Person | None = None, **more: Any
) -> AsyncIterator[ClientConnection]:
    """An acknowledged websocket, anonymous or signed in as a user."""
    async with connected(server, **more) as socket:
        payload = {"authorization": f"Bearer {by.token}"} if by else None
        await send(socket, INIT if payload is None else {**INIT, "payload": payload})
        assert await receive(socket) == {"type": "connection_ack"}
        yield socket


@asynccontextmanager
async def connected(
    server: Listening, *, protocol: str = "graphql-transport-ws", origin: str | None = None
) -> AsyncIterator[ClientConnection]:
    """A websocket on which no message has been sent."""
    async with connect(
        f"ws://127.0.0.1:{server.port}/graphql",
        subprotocols=[Subprotocol(protocol)],
        origin=None if origin is None else Origin(origin),
        compression=None,
        proxy=None,
    ) as socket:
        yield socket


async def send(socket: ClientConnection, message: object) -> None:
    await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))


async def receive(socket: ClientConnection) -> Any:
    async with asyncio.timeout(PATIENCE_SECONDS):
        frame = await socket.recv()
    assert isinstance(frame, str), "clients understand only text frames"
    return json.loads(frame)


async def close_code(socket: ClientConnection) -> int | None:
    """The code with which the server closes the websocket. Messages before it are ignored."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        await socket.wait_closed()
    return socket.close_code


def subscribe(query: str, id: str = "1", **more: Any) -> dict[str, Any]:
    return {"type": "subscribe", "id": id, "payload": {"query": query, **more}}


async def test_a_query_is_answered_and_completed(server: Listening) -> None:
    ada = await server.client.sign_up("ada")
    async with acknowledged(server, by=ada) as socket:
        await send(socket, subscribe("{ viewer { username } }"))
        assert await receive(socket) == {
            "id": "1",
            "type": "next",
            "payload": {"data": {"viewer": {"username": "ada"}}},
        }
        assert await receive(socket) == {"id": "1", "type": "complete"}
        await send(socket, {"type": "ping"})
        assert await receive(socket) == {"type": "pong"}


async def test_fields_that_need_a_viewer_are_unauthenticated_on_an_anonymous_socket(server: Listening) -> None:
    async with acknowledged(server) as socket:
        await send(socket, subscribe("{ __typename viewer { id } }"))
        messages = await receive(socket)
        assert messages["payload"]["data"] == {"__typename": "Query", "viewer": None}
        assert messages["payload"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        await receive(socket)
        await send(socket, subscribe("subscription { balanceChanged { id } }"))
        refused = await receive(socket)
        assert refused["type"] == "error"
        assert refused["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert refused["payload"][0]["path"] == ["balanceChanged"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ('mutation { cancelTransfer(id: "x") { replayed } }', "BAD_USER_INPUT"),
        ("query A { __typename } query B { __typename }", "BAD_USER_INPUT"),
        ("query ($id: ID!) { node(id: $id) { id } }", "BAD_USER_INPUT"),
        ("{ " + "__typename " * 501 + "}", "QUERY_TOO_COMPLEX"),
    ],
)
async def test_a_refused_document_ends_its_operation_but_not_the_socket(
    server: Listening, query: str, code: str
) -> None:
    ada = await server.client.sign_up("ada")
    async with acknowledged(server, by=ada) as socket:
        await send(socket, subscribe(query, "bad"))
        messages = await receive(socket)
        assert (messages["id"], messages["type"]) == ("bad", "error")
        assert messages["payload"][0]["extensions"]["code"] == code
        await send(socket, subscribe("{ __typename }", "bad"))
        assert (await receive(socket))["type"] == "next"


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "[]",
        "1",
        "null",
        '"x"',
        "{",
        "{}",
        '{"type": 1}',
        '{"type": "' + "x" * 500 + '"}',
        '{"type": "connection_init", "payload": "x"}',
        '{"type": "connection_init", "payload": []}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": ["a"], "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "1", "payload": "x"}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }", "variables": []}}',
        '{"type": "complete"}',
        "[" * 5_000,
        b'{"type": "ping"}',
        b"\xff",
    ],
    ids=lambda frame: repr(frame)[:40],
)
async def test_an_invalid_frame_closes_the_socket_with_4400_without_a_traceback(
    server: Listening, frame: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(server) as socket:
        await socket.send(frame)
        assert await close_code(socket) == 4400
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_an_operation_before_the_acknowledgement_closes_the_socket_with_4401(server: Listening) -> None:
    async with connected(server) as socket:
        await send(socket, subscribe("{ __typename }"))
        assert await close_code(socket) == 4401


async def test_an_invalid_token_closes_the_socket_with_4403(server: Listening) -> None:
    for payload in ({"Authorization": "Bearer nonsense"}, {"AUTHORIZATION": ""}, {"authorization": 5}):
        async with connected(server) as socket:
            await send(socket, {**INIT, "payload": payload})
            assert await close_code(socket) == 4403


@pytest.mark.parametrize("bearer", ["Bearer ", "bearer ", ""])
@pytest.mark.parametrize(
    "place",
    [
        ["authorization"],
        ["Authorization"],
        ["token"],
        ["accessToken"],
        ["access_token"],
        ["authToken"],
        ["headers", "authorization"],
        ["headers", "Authorization"],
        ["Headers", "AUTHORIZATION"],
    ],
    ids=".".join,
)
async def test_the_token_is_read_from_every_usual_place_in_the_payload(
    server: Listening, place: list[str], bearer: str
) -> None:
    ada = await server.client.sign_up("ada")
    payload: Any = bearer + ada.token
    for name in reversed(place):
        payload = {name: payload, "client": {"name": "a browser", "x-csrf-token": "1"}}
    async with connected(server) as socket:
        await send(socket, {**INIT, "payload": payload})
        assert await receive(socket) == {"type": "connection_ack"}
        await send(socket, subscribe("{ viewer { username } }"))
        assert (await receive(socket))["payload"] == {"data": {"viewer": {"username": "ada"}}}


@pytest.mark.parametrize(
    "payload",
    [
        {"token": None},
        {"token": ""},
        {"token": ["Bearer TOKEN"]},
        {"accessToken": {"token": "TOKEN"}},
        {"headers": {"authorization": 5}},
        {"headers": {"Authorization": "Basic TOKEN"}},
        {"headers": [{"authorization": "Bearer TOKEN"}]},
        {"headers": "Authorization: Bearer TOKEN"},
        {"context": {"headers": {"authorization": "Bearer TOKEN"}}},
        {"jwt": "TOKEN"},
        {"refreshToken": "TOKEN"},
        {"x-api-key": "TOKEN"},
        {"password": "x"},
        {"token": "TOKEN", "authorization": "Bearer another"},
        {"token": "TOKEN", "idToken": "TOKEN"},
    ],
    ids=str,
)
async def test_a_payload_with_unreadable_credentials_closes_the_socket_with_4403(
    server: Listening, payload: Any
) -> None:
    ada = await server.client.sign_up("ada")
    async with connected(server) as socket:
        await send(socket, json.dumps({**INIT, "payload": payload}).replace("TOKEN", ada.token))
        assert await close_code(socket) == 4403


async def test_a_payload_without_credentials_opens_an_anonymous_socket(server: Listening) -> None:
    for payload in ({}, {"client": "a browser"}, {"headers": {"x-csrf-token": "1", "accept": ["*/*"]}}, None):
        async with connected(server) as socket:
            await send(socket, {**INIT, "payload": payload})
            assert await receive(socket) == {"type": "connection_ack"}


async def test_a_second_init_or_an_id_in_use_closes_the_socket(server: Listening) -> None:
    ada = await server.client.sign_up("ada")
    async with acknowledged(server, by=ada) as socket:
        await send(socket, INIT)
        assert await close_code(socket) == 4429
    async with acknowledged(server, by=ada) as socket:
        await send(socket, subscribe("subscription { balanceChanged { version } }"))
        await send(socket, subscribe("subscription { balanceChanged { version } }"))
        assert await close_code(socket) == 4409


async def test_revoking_a_session_closes_only_its_own_sockets_with_4401(server: Listening) -> None:
    ada, bob = await server.client.sign_up("ada"), await server.client.sign_up("bob")
    services = server.client.services.identity
    viewer = await services.gate.viewer(ada.token)
    assert viewer is not None
    async with acknowledged(server, by=ada) as adas, acknowledged(server, by=bob) as bobs:
        await sessions.sign_out(services, viewer)
        assert await close_code(adas) == 4401
        await send(bobs, {"type": "ping"})
        assert await receive(bobs) == {"type": "pong"}
    async with connected(server) as socket:
        await send(socket, {**INIT, "payload": {"Authorization": f"Bearer {ada.token}"}})
        assert await close_code(socket) == 4401


async def test_a_socket_closes_with_4403_when_its_token_expires(server: Listening) -> None:
    ada = await server.client.sign_up("ada")
    services = server.client.services.identity
    viewer = await services.gate.viewer(ada.token)
    assert viewer is not None
    now = time.time()
    token, _ = services.access_tokens.issue(viewer, now=now, session_expires_at=int(now) + 2)
    async with acknowledged(server, by=Person("ada", token, "")) as socket:
        await send(socket, subscribe("subscription { balanceChanged { version } }"))
        assert (await receive(socket))["type"] == "next"
        assert await close_code(socket) == 4403
    async with connected(server) as socket:
        await send(socket, {**INIT, "payload": {"Authorization": f"Bearer {token}"}})
        assert await close_code(socket) == 4403


async def test_a_socket_without_a_connection_init_closes_with_4408(
    server: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = server.client.view
    monkeypatch.setattr(view, "connection_init_wait_timeout", view.connection_init_wait_timeout / 50)
    async with connected(server) as socket:
        assert await close_code(socket) == 4408


async def test_another_subprotocol_closes_the_socket_with_4406(server: Listening) -> None:
    async with connect(
        f"ws://127.0.0.1:{server.port}/graphql", subprotocols=[Subprotocol("graphql-ws")], proxy=None
    ) as socket:
        assert await close_code(socket) == 4406


async def test_a_page_of_another_origin_is_refused(database_dsn: Dsns) -> None:
    async with (
        serving(database_dsn.server, allowed_origins="https://app.example") as client,
        listening(client) as one,
    ):
        async with (
            connected(one, origin="https://app.example"),
            connected(one, origin=f"http://127.0.0.1:{one.port}"),
        ):
            pass
        for origin in ("https://evil.example", "null"):
            with pytest.raises(InvalidStatus):
                async with connected(one, origin=origin):
                    pass


async def test_the_numbers_of_sockets_and_subscriptions_are_limited(database_dsn: Dsns) -> None:
    few = {"socket_subscriptions": 2, "sockets_per_user": 1, "sockets_per_address": 2}
    async with serving(database_dsn.server, **few) as client, listening(client) as server:
        ada = await client.sign_up("ada")
        async with acknowledged(server, by=ada) as socket:
            for id in ("1", "2", "3"):
                await send(socket, subscribe("subscription { balanceChanged { version } }", id))
            messages = [await receive(socket) for _ in range(3)]
            assert {one["id"]: one["type"] for one in messages} == {"1": "next", "2": "next", "3": "error"}
            async with connected(server) as second:
                await send(second, {**INIT, "payload": {"Authorization": f"Bearer {ada.token}"}})
                assert await close_code(second) == 4429
            async with acknowledged(server) as oldest, acknowledged(server), acknowledged(server):
                assert await close_code(oldest) == 4429
            assert "pocketpay_subscriptions 2.0" in (await client.http.get("/metrics")).text
        await _wait_for_no_sockets(client)
        async with acknowledged(server, by=ada):
            pass


async def test_queries_beyond_the_limit_of_operations_wait(
    database_dsn: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most, free = 0, 0, asyncio.Event()

    async def slow(socket: Socket, *asked: Any) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await free.wait()
        running -= 1
        return await answer(socket, *asked)

    answer = Socket._answer
    monkeypatch.setattr(Socket, "_answer", slow)
    monkeypatch.setattr(sockets, "MAX_WAITING_QUERIES", 5)
    # Strawberry has a limit of its own, whose errors have no code. It must not apply.
    monkeypatch.setattr(View, "max_subscriptions_per_connection", 6)
    async with serving(database_dsn.server, socket_subscriptions=2) as client, listening(client) as server:
        async with acknowledged(server, by=await client.sign_up("ada")) as socket:
            for n in range(2):
                await send(socket, subscribe("subscription { balanceChanged { version } }", f"s{n}"))
                assert (await receive(socket))["type"] == "next"
            for n in range(8):
                await send(socket, subscribe("{ viewer { id } }", str(n)))
            refused = await receive(socket)
            assert (refused["id"], refused["type"]) == ("7", "error")
            assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
            await send(socket, {"type": "complete", "id": "6"})
            await send(socket, {"type": "ping"})
            assert await receive(socket) == {"type": "pong"}
            free.set()
            messages = [await receive(socket) for _ in range(2 * 6)]
            assert [one["id"] for one in messages if one["type"] == "next"] == list("012345")
            assert all(one["payload"]["data"]["viewer"]["id"] for one in messages if one["type"] == "next")
        assert most == 2


async def _wait_for_no_sockets(client: Client) -> None:
    """Waits until the server counts no sockets: it does so once it has seen their end."""
    metrics = client.app.state.server_context.metrics
    await until(lambda: b"pocketpay_sockets 0.0" in metrics.text())


async def test_a_message_that_is_too_large_closes_the_socket(server: Listening) -> None:
    async with acknowledged(server) as socket:
        await socket.send(json.dumps(subscribe("#" + "x" * 70_000)))
        assert await close_code(socket) == 1009


async def test_completing_a_subscription_ends_it_and_frees_its_id(server: Listening) -> None:
    ada = await server.client.sign_up("ada")
    async with acknowledged(server, by=ada) as socket:
        for _ in range(3):
            await send(socket, subscribe("subscription { balanceChanged { version } }"))
            assert (await receive(socket))["type"] == "next"
            await send(socket, {"type": "complete", "id": "1"})
        await send(socket, {"type": "complete", "id": "unknown"})
        await send(socket, {"type": "ping"})
        assert await receive(socket) == {"type": "pong"}


async def test_a_server_that_stops_closes_its_sockets_with_1012(client: Client) -> None:
    async with listening(client) as server:
        ada = await client.sign_up("ada")
        async with acknowledged(server, by=ada) as socket:
            await send(socket, subscribe("subscription { balanceChanged { version } }"))
            await receive(socket)
            server.stop()
            assert await close_code(socket) == 1012
