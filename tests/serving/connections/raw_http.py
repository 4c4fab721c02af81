"""A small application behind our HTTP protocol, with limits of the test, and clients that send raw bytes."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from pocketpay.cli.listening import listen
from pocketpay.serving import http
from pocketpay.serving.connections.connections import Connections
from pocketpay.serving.connections.limits import ConnectionLimits
from pocketpay.serving.connections.protocol import protocol_of
from pocketpay.serving.handler import PostResponder
from tests.updates.waiting import until

GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
LONG = 30.0


def get(path: str) -> bytes:
    return GET.replace(b" / ", b" /%s " % path.encode())


def post(body: bytes, *, path: str = "", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return b"POST /%s HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % (path.encode(), size) + body


class Peer:
    """A connection of a client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, seconds: float = 5) -> tuple[int, dict[str, str], bytes]:
        """The status, the headers and the body of the next answer."""
        async with asyncio.timeout(seconds):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(head[0].split()[1]), headers, body

    async def status(self, seconds: float = 5) -> int:
        return (await self.answer(seconds))[0]

    async def ended(self, seconds: float = 5) -> bytes:
        """The bytes that arrive until the server closes the connection. Asserts that it does so in time."""
        async with asyncio.timeout(seconds):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b"reset"

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except OSError:
            return


@dataclass
class Raw:
    """The server: its listening socket and port, its connections, and the paths and bodies of its requests."""

    listening: socket.socket
    port: int
    connections: Connections
    server: uvicorn.Server
    release: asyncio.Event = field(default_factory=asyncio.Event)
    paths: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)

    async def peer(self, *, source: str = "127.0.0.1") -> Peer:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0)))
        self.peers.append(peer)
        return peer

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application. Its paths differ:

        /wait      answers when `release` is set
        /unread    answers without reading the body; every other path reads it first
        /refused   refuses a websocket; other websockets stay open
        /flood     sends to a websocket without end
        /end       closes a websocket while sent messages are unread
        """
        self.paths.append(scope["path"])
        if scope["type"] == "websocket":
            if scope["path"] == "/refused":
                await http.refuse_upgrade(receive, send, http.too_many_requests(1))
                return
            await receive()
            await send({"type": "websocket.accept"})
            if scope["path"] == "/flood":
                while True:
                    await send({"type": "websocket.send", "text": "x" * 60_000})
            if scope["path"] == "/end":
                # Returns as soon as it has to wait for the peer.
                with suppress(TimeoutError):
                    while True:
                        await asyncio.wait_for(send({"type": "websocket.send", "text": "x" * 60_000}), 0.1)
                return
            while (await receive())["type"] != "websocket.disconnect":
                await send({"type": "websocket.send", "text": "heard"})
            return
        whole, more = b"", scope["path"] != "/unread"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            whole += message.get("body", b"")
            more = message.get("more_body", False)
        self.bodies.append(whole)
        if scope["path"] == "/wait":
            await self.release.wait()
        text = scope["path"].encode()
        close = [(b"connection", b"close")] if scope["query_string"] == b"close" else []
        headers = [(b"content-length", b"%d" % len(text)), *close]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text})


def limits(**fewer: Any) -> ConnectionLimits:
    """Limits that no test reaches, except the given ones."""
    long = dict.fromkeys(
        ("head_seconds", "body_seconds", "unread_seconds", "keep_alive_seconds", "discard_seconds"), LONG
    )
    return ConnectionLimits(**{**long, **fewer})


@asynccontextmanager
async def raw(
    configure: Callable[[uvicorn.Config], None] = lambda _: None,
    *,
    responder: PostResponder | None = None,
    other: ASGIApp | None = None,
    server_of: Callable[[uvicorn.Config], uvicorn.Server] = uvicorn.Server,
    **fewer: Any,
) -> AsyncIterator[Raw]:
    """Runs a server with limits. `responder` answers plain requests; `other` replaces the application of `Raw`, and
    `server_of` uvicorn's server."""
    listening = listen("127.0.0.1", 0)
    connections = Connections(limits(**fewer))
    one: list[Raw] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (other or one[0].app)(scope, receive, send)

    config = uvicorn.Config(
        app,
        http=protocol_of(connections, responder),
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    configure(config)
    server = server_of(config)
    one.append(Raw(listening, listening.getsockname()[1], connections, server))
    running = asyncio.create_task(server._serve(sockets=[listening]))
    await until(lambda: server.started or running.done())
    try:
        yield one[0]
    finally:
        server.should_exit = True
        one[0].release.set()
        await running
        for peer in one[0].peers:
            await peer.close()
