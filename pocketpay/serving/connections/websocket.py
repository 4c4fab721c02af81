"""What an upgraded connection is: uvicorn's websocket protocol, counted as a connection until it is lost."""

import asyncio
from typing import Any, Protocol

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import HeaderLineTooLong, RequestLineTooLong, TooManyHeaders
from websockets.protocol import State

from pocketpay.serving.connections.refusals import LONG_LINE, NOT_HTTP, raw

CLOSE_SECONDS = 3.0
"""How long the peer's answer to a close is waited for (uvicorn: 10 s); one that stays silent holds a connection."""

TOO_LONG = (RequestLineTooLong, HeaderLineTooLong, TooManyHeaders)


def text_frame(text: bytes) -> bytes:
    """A server's frame of one whole text (RFC 6455, 5.2): final, not masked, not compressed."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + text
    return b"\x81\x7f" + size.to_bytes(8, "big") + text


class Upgraded(Protocol):
    """The connection that was upgraded, as its websocket reports to it."""

    def is_unread(self, unread: bool) -> None:
        """The peer leaves what is sent unread, or reads again."""
        ...

    def is_stopping(self) -> None:
        """The server stops: the connection closes soon."""
        ...

    def is_closing(self) -> None:
        """The connection closes once what has been written is sent."""
        ...

    def is_lost(self) -> None:
        """The connection is gone."""
        ...


class ReportingTransport:
    """A transport that reports when it closes: a peer that reads nothing would keep it open for ever."""

    __slots__ = ("_connection", "_transport")

    def __init__(self, transport: asyncio.Transport, connection: Upgraded) -> None:
        self._transport, self._connection = transport, connection

    def close(self) -> None:
        self._transport.close()
        self._connection.is_closing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One websocket. It reports to `connection`, which bounds how long a peer may leave what is sent unread."""

    connection: Upgraded

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(ReportingTransport(transport, self.connection))  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.connection.is_lost()

    async def send(self, message: ASGISendEvent) -> None:
        """uvicorn's, with a short path for texts on an open websocket. uvicorn takes a handshake that was refused for
        one that was never answered, and logs an error."""
        text = message.get("text") if message["type"] == "websocket.send" else None
        if text is not None:
            await self.writable.wait()
            if (
                self.conn.state is State.OPEN
                and self.handshake_complete
                and not (self.close_sent or self.disconnected)
            ):
                self.transport.write(text_frame(text.encode()))
                return
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True

    def shutdown(self) -> None:
        self.connection.is_stopping()
        super().shutdown()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.connection.is_unread(True)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.connection.is_unread(False)

    def data_received(self, data: bytes) -> None:
        """uvicorn's; it leaves a handshake that cannot be read without an answer, and the connection open."""
        super().data_received(data)
        unreadable = self.conn.handshake_exc
        if unreadable is not None and not self.handshake_complete:
            self.transport.write(raw(LONG_LINE if isinstance(unreadable, TOO_LONG) else NOT_HTTP))
            self.handshake_complete = self.close_sent = True
            self.transport.close()
