"""The protocol of websockets: what is taken, what closes one and with which code, how many there may be."""

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
from tests.clients import Client, Listening, Person, listening, serving
from tests.conftest import Dsns
from tests.updates.waiting import until

INIT: dict[str, Any] = {"type": "connection_init"}


@asynccontextmanager
async def opened(server: Listening, *, by: Person | None = None, **more: Any) -> AsyncIterator[ClientConnection]:
    """A socket, acknowledged: anonymous, or of that person."""
    async with dialled(server, **more) as socket:
        payload = {"authorization": f"Bearer {by.token}"} if by else None
        await say(socket, INIT if payload is None else {**INIT, "payload": payload})
        assert await heard(socket) == {"type": "connection_ack"}
        yield socket


@asynccontextmanager
async def dialled(
    server: Listening, *, protocol: str = "graphql-transport-ws", origin: str | None = None
) -> AsyncIterator[ClientConnection]:
    """A socket on which nothing has been said."""
    async with connect(
        f"ws://127.0.0.1:{server.port}/graphql",
        subprotocols=[Subprotocol(protocol)],
        origin=None if origin is None else Origin(origin),
        compression=None,
        proxy=None,
    ) as socket:
        yield socket


async def say(socket: ClientConnection, message: object) -> None:
    await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))


async def heard(socket: ClientConnection) -> Any:
    async with asyncio.timeout(5):
        frame = await socket.recv()
    assert isinstance(frame, str), "a binary frame is understood by no client"
    return json.loads(frame)


async def closed(socket: ClientConnection) -> int | None:
    """The code it is closed with, whatever is said before."""
    async with asyncio.timeout(5):
        await socket.wait_closed()
    return socket.close_code


def subscribe(query: str, id: str = "1", **more: Any) -> dict[str, Any]:
    return {"type": "subscribe", "id": id, "payload": {"query": query, **more}}


async def test_a_query_is_answered_and_completed(server: Listening) -> None:
    ada = await server.client.sign_up("ada")
    async with opened(server, by=ada) as socket:
        await say(socket, subscribe("{ viewer { username } }"))
        assert await heard(socket) == {
            "id": "1",
            "type": "next",
            "payload": {"data": {"viewer": {"username": "ada"}}},
        }
        assert await heard(socket) == {"id": "1", "type": "complete"}
        await say(socket, {"type": "ping"})
        assert await heard(socket) == {"type": "pong"}


async def test_an_anonymous_socket_is_unauthenticated_where_a_viewer_is_needed(server: Listening) -> None:
    async with opened(server) as socket:
        await say(socket, subscribe("{ __typename viewer { id } }"))
        told = await heard(socket)
        assert told["payload"]["data"] == {"__typename": "Query", "viewer": None}
        assert told["payload"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        await heard(socket)
        await say(socket, subscribe("subscription { balanceChanged { id } }"))
        refused = await heard(socket)
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
async def test_a_refused_document_ends_its_operation_and_not_the_socket(
    server: Listening, query: str, code: str
) -> None:
    ada = await server.client.sign_up("ada")
    async with opened(server, by=ada) as socket:
        await say(socket, subscribe(query, "bad"))
        told = await heard(socket)
        assert (told["id"], told["type"]) == ("bad", "error")
        assert told["payload"][0]["extensions"]["code"] == code
        await say(socket, subscribe("{ __typename }", "bad"))
        assert (await heard(socket))["type"] == "next"


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
async def test_an_odd_frame_closes_with_4400_and_no_traceback(
    server: Listening, frame: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with dialled(server) as socket:
        await socket.send(frame)
        assert await closed(socket) == 4400
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_an_operation_before_the_acknowledgement_closes_with_4401(server: Listening) -> None:
    async with dialled(server) as socket:
        await say(socket, subscribe("{ __typename }"))
        assert await closed(socket) == 4401


async def test_a_bad_token_closes_with_4403(server: Listening) -> None:
    for payload in ({"Authorization": "Bearer nonsense"}, {"AUTHORIZATION": ""}, {"authorization": 5}):
        async with dialled(server) as socket:
            await say(socket, {**INIT, "payload": payload})
            assert await closed(socket) == 4403


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
async def test_token_is_read_where_clients_put_it(server: Listening, place: list[str], bearer: str) -> None:
    ada = await server.client.sign_up("ada")
    payload: Any = bearer + ada.token
    for name in reversed(place):
        payload = {name: payload, "client": {"name": "a browser", "x-csrf-token": "1"}}
    async with dialled(server) as socket:
        await say(socket, {**INIT, "payload": payload})
        assert await heard(socket) == {"type": "connection_ack"}
        await say(socket, subscribe("{ viewer { username } }"))
        assert (await heard(socket))["payload"] == {"data": {"viewer": {"username": "ada"}}}


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
async def test_socket_that_shows_what_cannot_be_read_is_not_anonymous(server: Listening, payload: Any) -> None:
    ada = await server.client.sign_up("ada")
    async with dialled(server) as socket:
        await say(socket, json.dumps({**INIT, "payload": payload}).replace("TOKEN", ada.token))
        assert await closed(socket) == 4403


async def test_payload_without_credentials_is_anonymous(server: Listening) -> None:
    for payload in ({}, {"client": "a browser"}, {"headers": {"x-csrf-token": "1", "accept": ["*/*"]}}, None):
        async with dialled(server) as socket:
            await say(socket, {**INIT, "payload": payload})
            assert await heard(socket) == {"type": "connection_ack"}


async def test_a_second_init_and_an_id_in_use_close_the_socket(server: Listening) -> None:
    ada = await server.client.sign_up("ada")
    async with opened(server, by=ada) as socket:
        await say(socket, INIT)
        assert await closed(socket) == 4429
    async with opened(server, by=ada) as socket:
        await say(socket, subscribe("subscription { balanceChanged { version } }"))
        await say(socket, subscribe("subscription { balanceChanged { version } }"))
        assert await closed(socket) == 4409


async def test_a_revoked_session_closes_its_sockets_with_4401_and_no_others(server: Listening) -> None:
    ada, bob = await server.client.sign_up("ada"), await server.client.sign_up("bob")
    services = server.client.services.identity
    viewer = await services.gate.viewer(ada.token)
    assert viewer is not None
    async with opened(server, by=ada) as adas, opened(server, by=bob) as bobs:
        await sessions.sign_out(services, viewer)
        assert await closed(adas) == 4401
        await say(bobs, {"type": "ping"})
        assert await heard(bobs) == {"type": "pong"}
    async with dialled(server) as socket:
        await say(socket, {**INIT, "payload": {"Authorization": f"Bearer {ada.token}"}})
        assert await closed(socket) == 4401


async def test_a_socket_ends_with_4403_when_its_token_expires(server: Listening) -> None:
    ada = await server.client.sign_up("ada")
    services = server.client.services.identity
    viewer = await services.gate.viewer(ada.token)
    assert viewer is not None
    now = time.time()
    token, _ = services.access_tokens.issue(viewer, now=now, session_expires_at=int(now) + 2)
    async with opened(server, by=Person("ada", token, "")) as socket:
        await say(socket, subscribe("subscription { balanceChanged { version } }"))
        assert (await heard(socket))["type"] == "next"
        assert await closed(socket) == 4403
    async with dialled(server) as socket:
        await say(socket, {**INIT, "payload": {"Authorization": f"Bearer {token}"}})
        assert await closed(socket) == 4403


async def test_silence_after_the_handshake_closes_with_4408(
    server: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = server.client.view
    monkeypatch.setattr(view, "connection_init_wait_timeout", view.connection_init_wait_timeout / 50)
    async with dialled(server) as socket:
        assert await closed(socket) == 4408


async def test_only_the_one_protocol_is_spoken(server: Listening) -> None:
    async with connect(
        f"ws://127.0.0.1:{server.port}/graphql", subprotocols=[Subprotocol("graphql-ws")], proxy=None
    ) as socket:
        assert await closed(socket) == 4406


async def test_a_page_of_another_origin_is_refused(database_dsn: Dsns) -> None:
    async with (
        serving(database_dsn.server, allowed_origins="https://app.example") as client,
        listening(client) as one,
    ):
        async with dialled(one, origin="https://app.example"), dialled(one, origin=f"http://127.0.0.1:{one.port}"):
            pass
        for origin in ("https://evil.example", "null"):
            with pytest.raises(InvalidStatus):
                async with dialled(one, origin=origin):
                    pass


async def test_sockets_and_their_operations_are_counted(database_dsn: Dsns) -> None:
    few = {"socket_subscriptions": 2, "sockets_per_user": 1, "sockets_per_address": 2}
    async with serving(database_dsn.server, **few) as client, listening(client) as server:
        ada = await client.sign_up("ada")
        async with opened(server, by=ada) as socket:
            for id in ("1", "2", "3"):
                await say(socket, subscribe("subscription { balanceChanged { version } }", id))
            told = [await heard(socket) for _ in range(3)]
            assert {one["id"]: one["type"] for one in told} == {"1": "next", "2": "next", "3": "error"}
            async with dialled(server) as second:
                await say(second, {**INIT, "payload": {"Authorization": f"Bearer {ada.token}"}})
                assert await closed(second) == 4429
            async with opened(server) as oldest, opened(server), opened(server):
                assert await closed(oldest) == 4429
            assert "pocketpay_subscriptions 2.0" in (await client.http.get("/metrics")).text
        await _none_left(client)
        async with opened(server, by=ada):
            pass


async def test_queries_beyond_the_limit_of_subscriptions_wait_for_their_turn(
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
    async with serving(database_dsn.server, socket_subscriptions=2) as client, listening(client) as server:
        async with opened(server, by=await client.sign_up("ada")) as socket:
            for n in range(2):
                await say(socket, subscribe("subscription { balanceChanged { version } }", f"s{n}"))
                assert (await heard(socket))["type"] == "next"
            for n in range(8):
                await say(socket, subscribe("{ viewer { id } }", str(n)))
            refused = await heard(socket)
            assert (refused["id"], refused["type"]) == ("7", "error")
            assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
            await say(socket, {"type": "complete", "id": "6"})
            await say(socket, {"type": "ping"})
            assert await heard(socket) == {"type": "pong"}
            free.set()
            told = [await heard(socket) for _ in range(2 * 6)]
            assert [one["id"] for one in told if one["type"] == "next"] == list("012345")
            assert all(one["payload"]["data"]["viewer"]["id"] for one in told if one["type"] == "next")
        assert most == 2


async def _none_left(client: Client) -> None:
    """A closed socket is counted off once its server has seen the end."""
    metrics = client.app.state.server_context.metrics
    await until(lambda: b"pocketpay_sockets 0.0" in metrics.text())


async def test_a_message_too_large_closes_the_socket(server: Listening) -> None:
    async with opened(server) as socket:
        await socket.send(json.dumps(subscribe("#" + "x" * 70_000)))
        assert await closed(socket) == 1009


async def test_completing_a_subscription_ends_it_and_frees_its_id(server: Listening) -> None:
    ada = await server.client.sign_up("ada")
    async with opened(server, by=ada) as socket:
        for _ in range(3):
            await say(socket, subscribe("subscription { balanceChanged { version } }"))
            assert (await heard(socket))["type"] == "next"
            await say(socket, {"type": "complete", "id": "1"})
        await say(socket, {"type": "complete", "id": "unknown"})
        await say(socket, {"type": "ping"})
        assert await heard(socket) == {"type": "pong"}


async def test_a_server_that_stops_tells_its_sockets_to_come_back(client: Client) -> None:
    async with listening(client) as server:
        ada = await client.sign_up("ada")
        async with opened(server, by=ada) as socket:
            await say(socket, subscribe("subscription { balanceChanged { version } }"))
            await heard(socket)
            server.stop()
            assert await closed(socket) == 1012
