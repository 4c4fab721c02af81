"""HTTP/1.1 on one connection: uvicorn's protocol with limits that apply before a request is complete.

    connection ─► admitted? ─► head: 16 KiB, 100 headers, 10 s ─► body: 160 KiB, 5 s ─► response ─► idle: 75 s
                     └ 503        └ 431, 408                       └ 413, 408

When a response closes the connection before its request has ended, the server closes only its own side. It discards
what the client still sends for some seconds, so that the client reads the response and gets no TCP reset.

A server that drains loses no request (decision 61). Each response announces `Connection: close`. When the
drain is over, requests that have begun to arrive are answered, and a connection that was used within the last second
stays open until it has been quiet for a second. Before it is closed, the server checks whether a request has arrived.
"""

import asyncio
import fcntl
import socket
import termios
from contextlib import suppress
from typing import Any, NoReturn

import httptools
import orjson
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from pocketpay.serving import http
from pocketpay.serving.connections import refusals
from pocketpay.serving.connections.connections import LAST_SECONDS, AddressUsage, Connection, Connections
from pocketpay.serving.connections.plain_post import Head, body_of, read_head
from pocketpay.serving.connections.refusals import refusing_app, response_bytes
from pocketpay.serving.connections.stage import Stage
from pocketpay.serving.connections.websocket import CLOSE_SECONDS, WebSocketProtocol
from pocketpay.serving.handler import PostResponder, Reply
from pocketpay.serving.http import HttpRefusal

MAX_REFUSED = 16
"""Refused connections that may stay open until their clients have read the response; they use open files beyond the
limit. Further connections are aborted immediately."""


_last_default: tuple[list[tuple[bytes, bytes]], bytes] = [], b""


def _default_lines(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Returns the server's default headers as they are sent. uvicorn makes a new list each second, for the date."""
    global _last_default
    if headers is not _last_default[0]:
        _last_default = headers, http.header_lines(headers)
    return _last_default[1]


class StopParsing(Exception):
    """Raised in a callback of the parser to stop it. `Protocol._refusal` holds the reason."""


class LingeringTransport:
    """The transport of a response whose request is still arriving: `close` closes only the server's side."""

    __slots__ = ("_connection",)

    def __init__(self, connection: "Protocol") -> None:
        self._connection = connection

    def write(self, data: bytes) -> None:
        self._connection.transport.write(data)

    def is_closing(self) -> bool:
        return self._connection.transport.is_closing()

    def close(self) -> None:
        self._connection.finish()


class NoReader:
    """Replaces the event with which uvicorn wakes the reader of a body: the body of a plain request is complete."""

    @staticmethod
    def set() -> None:
        """Does nothing: no task waits for the body."""


class PlainRequest:
    """The state of a plain request that is being answered: the attributes that uvicorn's protocol reads."""

    __slots__ = ("disconnected", "keep_alive", "message_event", "response_complete", "response_started", "transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport: asyncio.Transport | LingeringTransport = transport
        self.keep_alive, self.message_event = True, NoReader
        self.disconnected = self.response_started = self.response_complete = False


class Protocol(HttpToolsProtocol):
    """One connection. `stage` is its current stage; None while a request is being answered."""

    all_connections: Connections
    """All connections of the server; `protocol_of` sets it on the class."""
    responder: PostResponder | None
    """Answers plain requests; None means that ASGI answers all requests."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.usage: AddressUsage | None = None
        self.stage: Stage[Connection] | None = None
        self._limits = self.all_connections.limits
        self._requests_started = 0
        """Number of requests whose first byte has arrived."""
        self._in_head = self._in_body = False
        self._head_bytes = self._body_bytes = self._payload_bytes = 0
        self._head_is_measured = True
        """Whether `_head_bytes` is exact. It is not when the head began in the same piece as an earlier request."""
        self._refusal: HttpRefusal | None = None
        self._stage_request = 0
        """The number of the request that `stage` belongs to."""
        self._running_cycle: RequestResponseCycle | None = None
        """The current or latest request to be answered; uvicorn's `cycle` is the latest request to arrive."""
        self._stopping = False
        self._announced: RequestResponseCycle | None = None
        """The request whose response announces the end of the connection, because the server drains."""
        self._discards_input = False
        """Whether incoming bytes are discarded instead of parsed."""
        self._discarded_bytes = 0
        self._max_plain_bytes = 0
        if self.responder is not None:
            self._max_plain_bytes = min(self._limits.body_bytes, self.responder.anonymous_bytes)

    # ------------------------------------------------------------ the connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if not self.all_connections.admit(self, self.client[0] if self.client else "", self.loop):
            transport.write(response_bytes(refusals.TOO_MANY))
            if len(self.all_connections.refused) < MAX_REFUSED:
                self._end_output(self.all_connections.refused)
            else:
                transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.all_connections.release(self)
        self._disconnect()
        super().connection_lost(exc)

    def _disconnect(self) -> None:
        """Marks the current request as disconnected. uvicorn marks only the latest, which may be queued behind it."""
        cycle = self._running_cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running_cycle = cycle
        cycle.scope["extensions"] = {http.ABORT: self.transport.abort}  # type: ignore[dict-item]
        super()._start_asgi_task(cycle, app)

    def expire(self) -> None:
        stage, stages = self.stage, self.all_connections
        if stage in (stages.opened, stages.idle):
            self._close()
        elif stage is stages.last:
            self._close_if_quiet()
        elif stage in (stages.unread, stages.closing, stages.refused):
            self.transport.abort()
        elif self.flow.read_paused:
            self._enter(stage)  # the server has paused reading, so the client is not late
        elif stage is stages.head:
            self._refuse(refusals.SLOW_HEAD)
        elif stage is stages.body:
            self._refuse(refusals.SLOW_BODY)
        else:
            self._refuse(refusals.STOPPING)

    def drop(self) -> None:
        self.transport.abort()

    def shutdown(self) -> None:
        """Called when the server stops. Requests that have begun to arrive are answered, the last one with
        `Connection: close`. Event streams end. The connection is closed when it is quiet."""
        self._stopping = True
        if self.responder is not None:
            self.responder.event_streams.stop()
        if self.stage is self.all_connections.closing:
            self._enter(self.all_connections.refused)
        if self.transport.is_closing() or (self._discards_input and self.stage is not None):
            return
        self._announce_end()
        drained = self.all_connections.draining
        if self._in_body or (self._in_head and drained):
            self._enter(self.all_connections.stopping)
        elif not self._is_answering():
            quiet_since = None if self.stage is None else self.stage.since(self)
            if drained and quiet_since is not None and self.loop.time() - quiet_since < LAST_SECONDS:
                self._enter(self.all_connections.last)
            else:
                self._close_if_quiet()

    def _announce_end(self) -> None:
        """While the server drains, ends the connection with the response to the latest request."""
        cycle = self.cycle
        ends = self.all_connections.draining or self._stopping
        if not ends or self._in_head or not self._is_answering():
            return
        if cycle.keep_alive and (self._stopping or not cycle.response_started):
            cycle.keep_alive, self._announced = False, cycle

    def _retract_end(self) -> None:
        """Called when another request arrives after the announcement: that request is answered too."""
        if self._announced is not None and not self._announced.response_started:
            self._announced.keep_alive = True
        self._announced = None

    def _close_if_quiet(self) -> None:
        """Closes the connection, unless a request has arrived that the event loop has not read yet."""
        file = self.transport.get_extra_info("socket").fileno()
        with socket.fromfd(file, socket.AF_INET, socket.SOCK_STREAM) as own:
            if any(fcntl.ioctl(own, termios.FIONREAD, bytes(4))):
                self._enter(self.all_connections.last)
                return
            with suppress(OSError):  # the client has closed it
                own.shutdown(socket.SHUT_WR)  # now: the transport closes in the next iteration of the event loop
        self._close()

    def pause_writing(self) -> None:
        """Called when the client does not read, and too many bytes of a response are buffered."""
        super().pause_writing()
        if self.stage not in (self.all_connections.closing, self.all_connections.refused):
            self._enter(self.all_connections.unread)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.stage is self.all_connections.unread:
            if self._discards_input:
                self._enter(None)
            else:
                self._update_stage()

    # ------------------------------------------------------------ incoming bytes

    def data_received(self, data: bytes) -> None:
        if self._discards_input:
            self._discard(len(data))
            return
        if self.responder is not None and self._start_plain(data, self.responder):
            return
        if self._in_body:
            self._body_bytes += len(data)
            if self._body_bytes > self._limits.body_bytes:
                self._refuse(refusals.LARGE_BODY)
                return
        try:
            self._feed(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self._upgrade()
                return
            # Another protocol is offered; HTTP/1.1 goes on.
        except (httptools.HttpParserError, StopParsing):
            self._refuse(self._refusal or refusals.NOT_HTTP)
            return
        self._update_stage()

    def _feed(self, data: bytes | memoryview) -> None:
        """Passes the data to the parser in pieces. No piece is larger than the maximum size of a head, because the
        parser keeps an unfinished head in memory."""
        limit = self._limits.head_bytes
        while True:
            started_before, was_in_body = self._requests_started, self._in_body
            remaining = limit - self._head_bytes if self._in_head else limit
            piece = data if len(data) <= remaining else memoryview(data)[:remaining]
            self.parser.feed_data(piece)
            if self._in_head:
                if self._requests_started == started_before:
                    self._head_bytes += len(piece)
                else:
                    self._head_is_measured = self._requests_started == started_before + 1 and not was_in_body
                    self._head_bytes = len(piece) if self._head_is_measured else 0
                if self._head_bytes >= limit:
                    self._refusal = refusals.large_head(limit, self._limits.headers)
                    raise StopParsing
            if len(piece) == len(data):
                return
            data = memoryview(data)[len(piece) :]

    # ------------------------------------------------------------ plain requests

    def _start_plain(self, data: bytes, responder: PostResponder) -> bool:
        """Answers `data` if it is exactly one plain request and no other is in progress; else returns False."""
        if self._in_head or self._in_body or self.flow.write_paused or self._is_answering():
            return False
        head = read_head(data, max_bytes=self._limits.head_bytes, max_body_bytes=self._max_plain_bytes)
        body = None if head is None else body_of(head, data)
        if head is None or body is None:
            return False
        self._requests_started += 1
        cycle = PlainRequest(self.transport)
        self.cycle = self._running_cycle = cycle  # type: ignore[assignment]  # it has all attributes read here
        self._enter(None)
        task = self.loop.create_task(self._answer(cycle, head, body, responder))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)
        return True

    async def _answer(self, cycle: PlainRequest, head: Head, body: bytes, responder: PostResponder) -> None:
        try:
            reply = await responder.reply({"type": "http", "client": self.client}, head.headers, body)
            payload = orjson.dumps(reply.payload)
        except (Exception, asyncio.CancelledError) as error:  # a slow stop cancels running tasks
            self.logger.error("request_failed", exc_info=error)
            cycle.keep_alive = False
            reply = Reply(
                http.INTERNAL_ERROR.payload, http.INTERNAL_ERROR.status, http.JSON, http.request_id(head.headers)
            )
            payload = orjson.dumps(reply.payload)
        if self.flow.write_paused and not cycle.disconnected:
            await self.flow.drain()
        if cycle.disconnected:
            return
        self._announce_end()
        cycle.response_started = True
        more = reply.headers if cycle.keep_alive else (*reply.headers, *http.CLOSE)
        cycle.transport.write(
            b"".join(
                (
                    STATUS_LINE[reply.status],
                    _default_lines(self.server_state.default_headers),
                    http.response_lines(payload, reply.kind, reply.request_id),
                    http.header_lines(more) if more else b"",
                    b"\r\n",
                    payload,
                )
            )
        )
        cycle.response_complete = True
        if not cycle.keep_alive:
            cycle.transport.close()
        self.on_response_complete()

    # ------------------------------------------------------------ callbacks of the parser

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._retract_end()
        self._requests_started += 1
        self._in_head, self._head_bytes, self._head_is_measured = True, 0, True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Calls uvicorn's method within a limit. Trailers also arrive here, after the body, and are ignored."""
        if not self._in_head:
            return
        if len(self.headers) >= self._limits.headers:
            self._refuse_head()
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if not self._head_is_measured:
            size = len(self.url) + 16 + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > self._limits.head_bytes:
                self._refuse_head()
        if len(self.pipeline) >= self._limits.pipelined:
            raise StopParsing
        self._in_head, self._in_body, self._body_bytes, self._payload_bytes = False, True, 0, 0
        super().on_headers_complete()
        self._announce_end()

    def on_body(self, body: bytes) -> None:
        """Calls uvicorn's method within a limit, which also counts bytes that arrive together with the head."""
        self._payload_bytes += len(body)
        if self._payload_bytes > self._limits.body_bytes:
            self._refusal = refusals.LARGE_BODY
            raise StopParsing
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()

    def _refuse_head(self) -> NoReturn:
        self._refusal = refusals.large_head(self._limits.head_bytes, self._limits.headers)
        raise StopParsing

    # ------------------------------------------------------------ stages

    def _is_answering(self) -> bool:
        """Whether a request is being answered or waits for an earlier one."""
        cycle = self.cycle
        return cycle is not None and not cycle.response_complete and not cycle.disconnected

    def _enter(self, stage: Stage[Connection] | None) -> None:
        self._stage_request = self._requests_started
        self.all_connections.enter(self, stage, self.loop.time())

    def _update_stage(self) -> None:
        """Moves to the stage that follows from the received bytes. Its limit starts now if the stage is new."""
        stages = self.all_connections
        if self.flow.write_paused:
            return
        if self._in_head:
            next_ = stages.head
        elif self._in_body:
            next_ = stages.body
            # A response that is sent before the end of the body must not close the connection on unread bytes.
            self.cycle.transport = LingeringTransport(self)  # type: ignore[assignment]
        elif self._is_answering():
            next_ = None
        else:
            next_ = stages.idle if self._requests_started else stages.opened
        if self._stopping and next_ is not None:
            next_ = stages.stopping if self._in_head or self._in_body else stages.last
            if self.stage is stages.stopping is next_:
                return
        if next_ is not self.stage or self._stage_request != self._requests_started:
            self._enter(next_)

    def _discard(self, size: int) -> None:
        self._discarded_bytes += size
        if self._discarded_bytes > self._limits.discard_bytes:
            self.transport.abort()

    # ------------------------------------------------------------ the end of a request or of the connection

    def on_response_complete(self) -> None:
        """Replaces uvicorn's method: stages take the place of its timer for each response."""
        self.server_state.total_requests += 1
        if self.stage in (self.all_connections.closing, self.all_connections.refused):
            return
        if self.transport.is_closing():
            self._enter(self._final_stage())
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._update_stage()

    def finish(self) -> None:
        """Closes the connection after the last response, while the client may still be sending."""
        if self._in_body or self._discards_input:
            self._linger()
        else:
            self.transport.close()

    def _close(self) -> None:
        self._discards_input = True
        self.transport.close()
        self._enter(self._final_stage())  # limits the time for what is not sent yet

    def _linger(self) -> None:
        self._end_output(self._final_stage())

    def _final_stage(self) -> Stage[Connection]:
        return self.all_connections.refused if self._stopping else self.all_connections.closing

    def _end_output(self, stage: Stage[Connection]) -> None:
        """Closes the server's side, then discards incoming bytes until the client closes or the limit expires."""
        self._discards_input = True
        if self.transport.is_closing():
            return
        self.transport.write_eof()
        self.flow.resume_reading()
        self._enter(stage)

    def _refuse(self, refusal: HttpRefusal) -> None:
        """Answers the latest request with the refusal, after the responses that are still pending, and closes."""
        cycle = self.cycle
        if not self._is_answering():
            if not self._in_body:  # otherwise it has been answered already
                self.transport.write(response_bytes(refusal))
            self._linger()
        elif not self._in_body:
            self._close_after(cycle)
        elif self.pipeline and self.pipeline[0][0] is cycle:
            self.pipeline[0] = cycle, refusing_app(refusal)  # type: ignore[assignment]
            self._close_after(cycle)
        elif cycle.response_started:
            self._close_after(cycle)
        else:
            self.transport.write(response_bytes(refusal))
            cycle.disconnected = True
            cycle.message_event.set()
            self._linger()

    def _close_after(self, cycle: RequestResponseCycle) -> None:
        """Closes the connection after the response to this request, and reads nothing more."""
        cycle.keep_alive = False
        cycle.transport = LingeringTransport(self)  # type: ignore[assignment]
        self._discards_input = True
        self.flow.pause_reading()
        if not self.flow.write_paused:
            self._enter(None)

    def _upgrade(self) -> None:
        """Hands the connection over to the websocket protocol. HTTP timeouts no longer apply to it."""
        if self._is_answering() or self._stopping:
            self._refuse(refusals.STOPPING if self._stopping else refusals.NOT_HTTP)
            return
        self._enter(None)
        self.server_state.connections.discard(self)
        self.parser = None  # type: ignore[assignment]  # as uvicorn leaves a lost connection
        websocket = WebSocketProtocol(config=self.config, server_state=self.server_state, app_state=self.app_state)
        websocket.close_timeout = CLOSE_SECONDS
        websocket.connection = self
        head = [self.scope["method"].encode(), b" ", self.url, b" HTTP/1.1\r\n"]
        head += [part for name, value in self.headers for part in (name, b": ", value, b"\r\n")]
        del self.flow, self.pipeline, self.scope, self.headers  # an open websocket needs nothing of HTTP
        websocket.connection_made(self.transport)
        websocket.data_received(b"".join([*head, b"\r\n"]))
        self.transport.set_protocol(websocket)

    # ------------------------------------------------------------ reports of its websocket

    def on_unread(self, unread: bool) -> None:
        if self.stage not in (self.all_connections.closing, self.all_connections.refused):
            self._enter(self.all_connections.unread if unread else None)

    def on_closing(self) -> None:
        if self.usage is not None and self.stage is not self.all_connections.closing:
            self._enter(self._final_stage())

    def on_stopping(self) -> None:
        self._stopping = True

    def on_lost(self) -> None:
        self.all_connections.release(self)


def protocol_of(connections: Connections, responder: PostResponder | None = None) -> type[Protocol]:
    """Returns the protocol class for one server's connections, for uvicorn's `http` setting."""
    return type("Protocol", (Protocol,), {"all_connections": connections, "responder": responder})
