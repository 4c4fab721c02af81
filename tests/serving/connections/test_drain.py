"""A server that drains: no request is lost, whenever it arrives (decision 61).

The server is the one of `pocketpay serve`, in the event loop of the test.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import uvicorn
from starlette.applications import Starlette

from pocketpay.cli import serve
from pocketpay.serving.connections.connections import Connection
from pocketpay.serving.handler import PostResponder
from pocketpay.serving.health import Health
from pocketpay.serving.metrics import Metrics
from tests.patience import PATIENCE_SECONDS
from tests.people import made
from tests.serving.connections.raw_http import GET, Peer, Raw, get, raw
from tests.serving.connections.test_plain_post import Echo, not_found
from tests.serving.connections.test_plain_post import post as plain_post
from tests.updates.waiting import until

DRAIN_SECONDS = 0.3
LAST_SECONDS = 3.0


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives a slow machine more time than a second, and keeps the settings of this process."""
    monkeypatch.setattr("pocketpay.serving.connections.protocol.LAST_SECONDS", LAST_SECONDS)
    monkeypatch.setattr(serve, "exit_later", lambda seconds: None)
    monkeypatch.setattr(serve, "tune_garbage_collector", lambda: None)


@asynccontextmanager
async def server_of(
    responder: PostResponder | None = None, *, kind: type[serve.Server] = serve.Server, **more: Any
) -> AsyncIterator[tuple[Raw, serve.Server]]:
    """Runs the server of `pocketpay serve` with the application of `Raw`."""
    application = Starlette()
    application.state.health = Health(made(), Metrics())
    made_: list[serve.Server] = []

    def server(config: uvicorn.Config) -> uvicorn.Server:
        made_.append(kind(config, application, drain_seconds=DRAIN_SECONDS, when_started=lambda: None))
        return made_[0]

    async with raw(responder=responder, server_of=server, **more) as one:
        application.state.connections = one.connections
        yield one, made_[0]


async def keeps_asking(server: Raw, request: bytes) -> tuple[int, list[dict[str, str]]]:
    """Sends one request after another on kept connections, until the server refuses a new connection.

    Returns how many it sent, and the headers of the answers.
    """
    sent = 0
    answers: list[dict[str, str]] = []
    while True:
        try:
            peer = await server.peer()
        except ConnectionRefusedError:
            return sent, answers
        while not answers or answers[-1].get("connection") != "close" or not sent:
            await peer.send(request)
            sent += 1
            status, headers, _ = await peer.answer()
            assert status == 200
            answers.append(headers)
        assert await peer.ended() == b""
        answers[-1] = answers[-1] | {"connection": "closed"}


@pytest.mark.parametrize("plain", [False, True])
async def test_clients_that_send_through_a_whole_drain_lose_no_request(plain: bool) -> None:
    responder: Any = Echo() if plain else None
    async with server_of(responder, other=not_found if plain else None) as (server, process):
        running = [asyncio.create_task(keeps_asking(server, plain_post() if plain else GET)) for _ in range(4)]
        await until(lambda: len(responder.bodies if plain else server.paths) > 40)
        process.drain()
        process.drain()  # a second call changes nothing
        assert not process.should_exit
        for sent, answers in [await asyncio.wait_for(one, PATIENCE_SECONDS) for one in running]:
            assert sent == len(answers)
            assert {headers.get("connection") for headers in answers} == {None, "closed"}
        await until(lambda: not server.connections.open)


async def test_a_request_that_arrives_just_before_the_connection_closes_is_answered() -> None:
    """The request is in the buffer of the operating system, and the event loop has not read it yet."""
    async with raw() as server:
        peer = await server.peer()
        await peer.send(GET)
        assert await peer.status() == 200
        (connection,) = server.server.server_state.connections
        assert os.write(peer.writer.get_extra_info("socket").fileno(), GET) == len(GET)
        connection.shutdown()
        status, headers, _ = await peer.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert await peer.ended() == b""


@pytest.mark.parametrize("by", ["system", "event loop"])
async def test_a_connection_accepted_just_before_the_stop_gets_an_answer_with_connection_close(by: str) -> None:
    """The operating system has accepted the connection; the event loop or its protocol does not know it yet."""
    clients: list[socket.socket] = []

    class Late(serve.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            """A client connects just before the listening socket is closed."""
            assert sockets
            clients.append(socket.create_connection(sockets[0].getsockname()))
            if by == "event loop":
                await asyncio.sleep(0)
            await super().shutdown(sockets)

    async with server_of(kind=Late) as (server, process):
        process.drain()
        await until(lambda: bool(clients))
        peer = Peer(*await asyncio.open_connection(sock=clients[0]))
        await until(lambda: len(server.connections.last) == 1)
        await peer.send(GET)
        status, headers, _ = await peer.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert await peer.ended() == b""
        await peer.close()


async def test_after_the_drain_open_requests_are_answered_and_quiet_connections_are_closed() -> None:
    async with server_of() as (server, process):
        quiet = await server.peer()
        await quiet.send(GET)
        assert (await quiet.answer())[1].get("connection") is None
        (connection,) = server.server.server_state.connections
        server.connections.idle.add(cast(Connection, connection), asyncio.get_running_loop().time() - LAST_SECONDS)
        begun, answering, two = [await server.peer() for _ in range(3)]
        process.drain()
        await answering.send(get("wait"))
        await begun.send(GET[:10])
        await two.send(GET + get("second"))
        assert [(await two.answer())[1].get("connection") for _ in range(2)] == [None, "close"]
        fresh = await server.peer()
        await until(lambda: len(server.connections.stopping) == 1)
        assert await quiet.ended() == b""
        await fresh.send(GET)
        await begun.send(GET[10:])
        server.release.set()
        for peer in (fresh, begun, answering):
            status, headers, _ = await peer.answer()
            assert (status, headers["connection"]) == (200, "close")
            assert await peer.ended() == b""


UPGRADE = (
    b"GET /socket HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def test_a_websocket_is_opened_during_the_drain_and_closed_with_1012_after_it() -> None:
    async with server_of() as (server, process):
        process.drain()
        socket_, late = await server.peer(), await server.peer()
        await socket_.send(UPGRADE)
        assert await socket_.status() == 101
        assert await socket_.ended() == b"\x88\x02" + (1012).to_bytes(2, "big")
        await late.send(UPGRADE)
        assert await late.status() == 503
