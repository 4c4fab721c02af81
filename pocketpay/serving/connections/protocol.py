"""HTTP/1.1 on one connection: uvicorn's protocol with limits that apply before a request is complete.

    connection ─► admitted? ─► head: 16 KiB, 100 headers, 10 s ─► body: 160 KiB, 5 s ─► response ─► idle: 75 s
                     └ 503        └ 431, 408                       └ 413, 408

When a response closes the connection before its request has ended, the server closes only its own side. It discards
what the client still sends for some seconds, so that the client reads the response and gets no TCP reset.
"""

import asyncio
from typing import Any, NoReturn

import httptools
import orjson
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from pocketpay.serving import http
from pocketpay.serving.connections import refusals
from pocketpay.serving.connections.connections import Connection, Connections, Place
from pocketpay.serving.connections.plain_post import Head, body_of, read_head
from pocketpay.serving.connections.refusals import raw, refusing
from pocketpay.serving.connections.waiting import Waiting
from pocketpay.serving.connections.websocket import CLOSE_SECONDS, WebSocketProtocol
from pocketpay.serving.handler import Replies, Reply
from pocketpay.serving.http import HttpRefusal

MAX_REFUSED = 16
"""Refused connections that may stay open until their clients have read the response; they use open files beyond the
limit. Further connections are aborted at once."""


KEPT_HEAD_BYTES = 2_048
"""Largest head that a connection caches, in bytes: clients of an app send 0.3 to 1 KiB."""


class Refused(Exception):
    """Raised in a callback of the parser to stop it. `Protocol._refusal` holds the reason."""


class Lingering:
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


class Nobody:
    """Replaces the event with which uvicorn wakes the reader of a body: the body of a plain request is complete."""

    @staticmethod
    def set() -> None:
        """Does nothing: no task waits for the body."""


class PlainCycle:
    """The state of a plain request that is being answered: the attributes that uvicorn's protocol reads."""

    __slots__ = ("disconnected", "keep_alive", "message_event", "response_complete", "response_started", "transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport: asyncio.Transport | Lingering = transport
        self.keep_alive, self.message_event = True, Nobody
        self.disconnected = self.response_started = self.response_complete = False


class Protocol(HttpToolsProtocol):
    """One connection. `stage` is its current stage; None while a request is being answered."""

    all: Connections
    """All connections of the server; `protocol_of` sets it on the class."""
    replies: Replies | None
    """Answers plain requests; None means that ASGI answers all requests."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.place: Place | None = None
        self.stage: Waiting[Connection] | None = None
        self._limits = self.all.limits
        self._begun = 0
        """Number of requests whose first byte has arrived."""
        self._in_head = self._in_body = False
        self._head_bytes = self._body_bytes = self._payload_bytes = 0
        self._head_is_measured = True
        """Whether `_head_bytes` is exact. It is not when the head began in the same piece as an earlier request."""
        self._refusal: HttpRefusal | None = None
        self._waited_for = 0
        """The number of the request that `stage` belongs to."""
        self._running: RequestResponseCycle | None = None
        """The current or latest request to be answered; uvicorn's `cycle` is the latest request to arrive."""
        self._stopping = False
        self._deaf = False
        """Whether incoming bytes are discarded instead of parsed."""
        self._dropped_bytes = 0
        self._head: Head | None = None
        """The latest plain head, unless it was long: the next head of a client is nearly always the same."""

    # ------------------------------------------------------------ the connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if not self.all.admit(self, self.client[0] if self.client else "", self.loop):
            transport.write(raw(refusals.TOO_MANY))
            if len(self.all.refused) < MAX_REFUSED:
                self._end(self.all.refused)
            else:
                transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.all.release(self)
        self._disconnect()
        super().connection_lost(exc)

    def _disconnect(self) -> None:
        """Marks the current request as disconnected. uvicorn marks only the latest, which may be queued behind it."""
        cycle = self._running
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def expire(self) -> None:
        waited_for, all_ = self.stage, self.all
        if waited_for in (all_.opened, all_.idle):
            self._close()
        elif waited_for in (all_.unread, all_.closing, all_.refused):
            self.transport.abort()
        elif self.flow.read_paused:
            self._wait_for(waited_for)  # the server has paused reading, so the client is not late
        elif waited_for is all_.head:
            self._refuse(refusals.SLOW_HEAD)
        elif waited_for is all_.body:
            self._refuse(refusals.SLOW_BODY)
        else:
            self._refuse(refusals.STOPPING)

    def drop(self) -> None:
        self.transport.abort()

    def shutdown(self) -> None:
        """Called when the server stops. Requests in progress are answered, the last with `Connection: close`."""
        self._stopping = True
        if self.stage is self.all.closing:
            self._wait_for(self.all.refused)
        if self._deaf and self.stage is not None:
            return
        if not self._is_answering():
            self._close()
            return
        self.cycle.keep_alive = False
        if self._in_body:
            self._wait_for(self.all.stopping)

    def pause_writing(self) -> None:
        """Called when the client does not read, and too many bytes of a response are buffered."""
        super().pause_writing()
        if self.stage not in (self.all.closing, self.all.refused):
            self._wait_for(self.all.unread)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.stage is self.all.unread:
            if self._deaf:
                self._wait_for(None)
            else:
                self._arrived()

    # ------------------------------------------------------------ incoming bytes

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            self._drop(len(data))
            return
        if self.replies is not None and self._take_plain(data, self.replies):
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
        except (httptools.HttpParserError, Refused):
            self._refuse(self._refusal or refusals.NOT_HTTP)
            return
        self._arrived()

    def _feed(self, data: bytes | memoryview) -> None:
        """Feeds the parser in pieces, none larger than a head may be: it keeps an unfinished head in memory."""
        most = self._limits.head_bytes
        while True:
            begun, was_in_body = self._begun, self._in_body
            room = most - self._head_bytes if self._in_head else most
            piece = data if len(data) <= room else memoryview(data)[:room]
            self.parser.feed_data(piece)
            if self._in_head:
                if self._begun == begun:
                    self._head_bytes += len(piece)
                else:
                    self._head_is_measured = self._begun == begun + 1 and not was_in_body
                    self._head_bytes = len(piece) if self._head_is_measured else 0
                if self._head_bytes >= most:
                    self._refusal = refusals.large_head(most, self._limits.headers)
                    raise Refused
            if len(piece) == len(data):
                return
            data = memoryview(data)[len(piece) :]

    # ------------------------------------------------------------ plain requests

    def _take_plain(self, data: bytes, replies: Replies) -> bool:
        """Answers `data` if it is exactly one plain request and no other is in progress; else returns False."""
        if self._in_head or self._in_body or self._stopping or self.flow.write_paused or self._is_answering():
            return False
        head = self._head
        body = None if head is None else body_of(head, data)
        if body is None:
            limits = self._limits
            most = min(limits.body_bytes, replies.anonymous_bytes)
            head = read_head(data, most_bytes=limits.head_bytes, most_body_bytes=most)
            body = None if head is None else body_of(head, data)
            if body is None:
                return False
        assert head is not None  # noqa: S101 - it has a body
        self._head = head if len(head.raw) <= KEPT_HEAD_BYTES else None
        self._begun += 1
        cycle = PlainCycle(self.transport)
        self.cycle = self._running = cycle  # type: ignore[assignment]  # it has every attribute that is read here
        self._wait_for(None)
        task = self.loop.create_task(self._answer(cycle, head, body, replies))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)
        return True

    async def _answer(self, cycle: PlainCycle, head: Head, body: bytes, replies: Replies) -> None:
        try:
            reply = await replies.reply({"type": "http", "client": self.client}, head.headers, body)
            payload = orjson.dumps(reply.payload)
        except (Exception, asyncio.CancelledError) as error:  # a slow stop cancels running tasks
            self.logger.error("Exception in ASGI application\n", exc_info=error)
            cycle.keep_alive = False
            reply = Reply(http.BROKEN.payload, http.BROKEN.status, http.JSON, http.request_id(head.headers))
            payload = orjson.dumps(reply.payload)
        if self.flow.write_paused and not cycle.disconnected:
            await self.flow.drain()
        if cycle.disconnected:
            return
        cycle.response_started = True
        lines = [*self.server_state.default_headers, *http.head_of(payload, reply.kind, reply.request_id)]
        lines += reply.headers if cycle.keep_alive else (*reply.headers, *http.CLOSE)
        written = [part for name, value in lines for part in (name, b": ", value, b"\r\n")]
        cycle.transport.write(b"".join((STATUS_LINE[reply.status], *written, b"\r\n", payload)))
        cycle.response_complete = True
        if not cycle.keep_alive:
            cycle.transport.close()
        self.on_response_complete()

    # ------------------------------------------------------------ callbacks of the parser

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begun += 1
        self._in_head, self._head_bytes, self._head_is_measured = True, 0, True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Extends uvicorn's method by a limit. Trailers also arrive here, after the body, and are ignored."""
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
            raise Refused
        self._in_head, self._in_body, self._body_bytes, self._payload_bytes = False, True, 0, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Extends uvicorn's method by a limit, which also counts bytes that arrive together with the head."""
        self._payload_bytes += len(body)
        if self._payload_bytes > self._limits.body_bytes:
            self._refusal = refusals.LARGE_BODY
            raise Refused
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()

    def _refuse_head(self) -> NoReturn:
        self._refusal = refusals.large_head(self._limits.head_bytes, self._limits.headers)
        raise Refused

    # ------------------------------------------------------------ stages

    def _is_answering(self) -> bool:
        """Whether a request is being answered or waits for an earlier one."""
        cycle = self.cycle
        return cycle is not None and not cycle.response_complete and not cycle.disconnected

    def _wait_for(self, stage: Waiting[Connection] | None) -> None:
        self._waited_for = self._begun
        self.all.wait(self, stage, self.loop.time())

    def _arrived(self) -> None:
        """Moves to the stage that follows from the received bytes. Its limit starts now if the stage is new."""
        all_ = self.all
        if self.flow.write_paused:
            return
        if self._in_head:
            next_ = all_.head
        elif self._in_body:
            next_ = all_.body
            # A response that is sent before the end of the body must not close the connection on unread bytes.
            self.cycle.transport = Lingering(self)  # type: ignore[assignment]
        elif self._is_answering():
            next_ = None
        else:
            next_ = all_.idle if self._begun else all_.opened
        if self.stage is all_.stopping and next_ is all_.body:
            return
        if next_ is not self.stage or self._waited_for != self._begun:
            self._wait_for(next_)

    def _drop(self, size: int) -> None:
        self._dropped_bytes += size
        if self._dropped_bytes > self._limits.discard_bytes:
            self.transport.abort()

    # ------------------------------------------------------------ the end of a request or of the connection

    def on_response_complete(self) -> None:
        """Replaces uvicorn's method: stages take the place of its timer for each response."""
        self.server_state.total_requests += 1
        if self.stage in (self.all.closing, self.all.refused):
            return
        if self.transport.is_closing():
            self._wait_for(self._last_stage())
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._arrived()

    def finish(self) -> None:
        """Closes the connection after the last response, while the client may still be sending."""
        if self._in_body or self._deaf:
            self._linger()
        else:
            self.transport.close()

    def _close(self) -> None:
        self._deaf = True
        self.transport.close()
        self._wait_for(self._last_stage())  # limits the time for what is not sent yet

    def _linger(self) -> None:
        self._end(self._last_stage())

    def _last_stage(self) -> Waiting[Connection]:
        return self.all.refused if self._stopping else self.all.closing

    def _end(self, stage: Waiting[Connection]) -> None:
        """Closes the server's side, then discards incoming bytes until the client closes or the limit expires."""
        self._deaf = True
        if self.transport.is_closing():
            return
        self.transport.write_eof()
        self.flow.resume_reading()
        self._wait_for(stage)

    def _refuse(self, refusal: HttpRefusal) -> None:
        """Answers the latest request with the refusal, after the responses that are still pending, and closes."""
        cycle = self.cycle
        if not self._is_answering():
            if not self._in_body:  # otherwise it has been answered already
                self.transport.write(raw(refusal))
            self._linger()
        elif not self._in_body:
            self._last_is(cycle)
        elif self.pipeline and self.pipeline[0][0] is cycle:
            self.pipeline[0] = cycle, refusing(refusal)  # type: ignore[assignment]
            self._last_is(cycle)
        elif cycle.response_started:
            self._last_is(cycle)
        else:
            self.transport.write(raw(refusal))
            cycle.disconnected = True
            cycle.message_event.set()
            self._linger()

    def _last_is(self, cycle: RequestResponseCycle) -> None:
        """Closes the connection after the response to this request, and reads nothing more."""
        cycle.keep_alive = False
        cycle.transport = Lingering(self)  # type: ignore[assignment]
        self._deaf = True
        self.flow.pause_reading()
        if not self.flow.write_paused:
            self._wait_for(None)

    def _upgrade(self) -> None:
        """Hands the connection over to the websocket protocol. HTTP timeouts no longer apply to it."""
        if self._is_answering():
            self._refuse(refusals.NOT_HTTP)
            return
        self._wait_for(None)
        self.server_state.connections.discard(self)
        self.parser = None  # type: ignore[assignment]  # as uvicorn leaves a lost connection
        websocket = WebSocketProtocol(config=self.config, server_state=self.server_state, app_state=self.app_state)
        websocket.close_timeout = CLOSE_SECONDS
        websocket.connection = self
        head = [self.scope["method"].encode(), b" ", self.url, b" HTTP/1.1\r\n"]
        head += [part for name, value in self.headers for part in (name, b": ", value, b"\r\n")]
        websocket.connection_made(self.transport)
        websocket.data_received(b"".join([*head, b"\r\n"]))
        self.transport.set_protocol(websocket)

    # ------------------------------------------------------------ reports of its websocket

    def is_unread(self, unread: bool) -> None:
        if self.stage not in (self.all.closing, self.all.refused):
            self._wait_for(self.all.unread if unread else None)

    def is_closing(self) -> None:
        if self.place is not None and self.stage is not self.all.closing:
            self._wait_for(self._last_stage())

    def is_stopping(self) -> None:
        self._stopping = True

    def is_lost(self) -> None:
        self.all.release(self)


def protocol_of(connections: Connections, replies: Replies | None = None) -> type[Protocol]:
    """Returns the protocol class for one server's connections, for uvicorn's `http` setting."""
    return type("Protocol", (Protocol,), {"all": connections, "replies": replies})
