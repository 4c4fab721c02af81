"""One upgraded connection: uvicorn's websocket protocol, counted as a connection until it is lost."""

import asyncio
from http import HTTPStatus
from typing import Any, Protocol, cast

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.exceptions import HeaderLineTooLong, RequestLineTooLong, TooManyHeaders
from websockets.http11 import Request
from websockets.protocol import State

from pocketpay.serving import http
from pocketpay.serving.connections.refusals import LONG_LINE, NOT_HTTP, response_bytes

CLOSE_SECONDS = 3.0
"""Seconds to wait for the peer's close frame (uvicorn: 10). A peer that does not answer occupies a connection."""

TOO_LONG = (RequestLineTooLong, HeaderLineTooLong, TooManyHeaders)


def text_frame(text: bytes) -> bytes:
    """Returns a server's frame with one complete text (RFC 6455, 5.2): final, not masked, not compressed."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + text
    return b"\x81\x7f" + size.to_bytes(8, "big") + text


class Upgraded(Protocol):
    """The upgraded connection: its websocket calls these methods."""

    def on_unread(self, unread: bool) -> None:
        """Called with True when the peer stops reading, and with False when it reads again."""
        ...

    def on_stopping(self) -> None:
        """Called when the server stops: the connection closes soon."""
        ...

    def on_closing(self) -> None:
        """Called when the transport is closed: the connection ends after the buffered bytes are sent."""
        ...

    def on_lost(self) -> None:
        """Called when the connection is lost."""
        ...


class ReportingTransport:
    """A transport that reports its `close`: otherwise a peer that reads nothing would keep it open without limit."""

    __slots__ = ("_connection", "_transport")

    def __init__(self, transport: asyncio.Transport, connection: Upgraded) -> None:
        self._transport, self._connection = transport, connection

    def close(self) -> None:
        self._transport.close()
        self._connection.on_closing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Events:
    """The events of one websocket for its only reader: an `asyncio.Queue` in a tenth of the memory."""

    __slots__ = ("_events", "_reader")

    def __init__(self) -> None:
        self._events: list[ASGIReceiveEvent] = []
        self._reader: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        return not self._events

    def put_nowait(self, event: ASGIReceiveEvent) -> None:
        self._events.append(event)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def get(self) -> ASGIReceiveEvent:
        while not self._events:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        return self._events.pop(0)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One websocket. It reports to `connection`, which limits how long a peer may stop reading."""

    connection: Upgraded

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        super().__init__(config, server_state, app_state)
        self.queue = Events()  # type: ignore[assignment]  # it has the methods that uvicorn uses

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(ReportingTransport(transport, self.connection))  # type: ignore[arg-type]
        transport = cast(asyncio.Transport, transport)
        self._write, self._is_closing = transport.write, transport.is_closing

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.connection.on_lost()

    def handle_connect(self, event: Request) -> None:
        """Extends uvicorn's method by an extension of the scope: `write_text`."""
        super().handle_connect(event)
        if self.response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[http.WRITE_TEXT] = self.write_text

    def write_text(self, text: bytes) -> bool:
        """Writes a text at once. Returns False when it has not: the websocket is not open, or the peer does not read.

        Never raises, so that the caller can go on with the next websocket.
        """
        if not self.writable.is_set() or not self._is_open() or self._is_closing():
            return False
        self._write(text_frame(text))
        return True

    def _is_open(self) -> bool:
        return (
            self.conn.state is State.OPEN and self.handshake_complete and not (self.close_sent or self.disconnected)
        )

    async def send(self, message: ASGISendEvent) -> None:
        """Adds to uvicorn's method a fast path for texts on an open websocket. Also marks a refused handshake as
        complete; otherwise uvicorn logs an error, as if nothing had answered it."""
        text = message.get("text") if message["type"] == "websocket.send" else None
        if text is not None:
            await self.writable.wait()
            if self._is_open():
                self.transport.write(text_frame(text.encode()))
                return
        await super().send(message)
        if message["type"] == "websocket.accept":
            self.request.headers.clear()  # the parser keeps the request
            del self.request, self.response  # the handshake is over
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True

    def shutdown(self) -> None:
        self.connection.on_stopping()
        super().shutdown()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.connection.on_unread(True)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.connection.on_unread(False)

    def data_received(self, data: bytes) -> None:
        """Adds to uvicorn's method: answers a malformed handshake and closes the connection, which uvicorn leaves
        open."""
        super().data_received(data)
        unreadable = self.conn.handshake_exc
        if unreadable is not None and not self.handshake_complete:
            self.transport.write(response_bytes(LONG_LINE if isinstance(unreadable, TOO_LONG) else NOT_HTTP))
            self.handshake_complete = self.close_sent = True
            self.transport.close()
