"""POST /graphql, with as few steps as possible, because nearly every request is one.

    headers ─► body (320 KiB, 5 s) ─► access token ─► rate limit ─► parse JSON ─► execute ─► JSON
                                                                                   └ Accept: event_streams.py

A plain request goes from the connection directly to `PostResponder` (`connections/plain_post.py`); all others arrive
over ASGI. `view.py` answers queries by GET in the same way. A test compares both with the responses of Strawberry's
own execution. Decision 45 gives the reasons.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from pocketpay.api.context import Context
from pocketpay.serving import http, redaction
from pocketpay.serving.cookies import Cookies
from pocketpay.serving.event_streams import EventStreams
from pocketpay.serving.http import GraphQLRequest, Headers, HttpRefusal
from pocketpay.serving.server_context import ServerContext
from pocketpay.settings import Settings

Body = bytes | Callable[[], Awaitable[bytes]]
"""A body, or a function that reads it."""


class Reply(NamedTuple):
    """A response before it is serialized. `kind` is its media type."""

    payload: Mapping[str, Any]
    status: int
    kind: bytes
    request_id: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class PostResponder:
    """Answers POST /graphql requests whose head has been read."""

    def __init__(self, server_context: ServerContext, settings: Settings, cookies: Cookies | None) -> None:
        self._context, self._body_bytes, self.body_seconds = (
            server_context,
            settings.body_bytes,
            settings.body_seconds,
        )
        self.anonymous_bytes = min(settings.body_bytes, http.ANONYMOUS_BYTES)
        self._cookies = cookies
        self._texts = server_context.execution.documents.texts
        self._shows_cost = not settings.production
        self.event_streams = EventStreams(server_context)

    async def max_bytes(self, headers: Headers) -> int:
        """Returns the limit of the body in bytes. A body above `anonymous_bytes` needs a valid token.

        Raises HttpRefusal when the token cannot be checked.
        """
        if http.may_exceed(headers, self.anonymous_bytes) and await self._context.viewer(headers) is not None:
            return self._body_bytes
        return self.anonymous_bytes

    async def reply(self, scope: Scope, headers: Headers, body: Body) -> Reply:
        """Returns the response. Raises ConnectionResetError when the client disconnects before its body is read."""
        request_id, kind, server_context = http.request_id(headers), http.JSON, self._context
        try:
            kind = http.media_type(headers.get(b"accept", b""))
            context, request = await self._admitted(scope, headers, body, request_id)
        except HttpRefusal as refused:
            server_context.metrics.refused(refused.status, refused.code)
            return Reply(refused.payload, refused.status, kind, request_id, refused.headers)
        started = perf_counter()
        payload, tag = await server_context.execution.answer(
            *request, context, with_cost=http.wants_cost(headers, default=self._shows_cost)
        )
        server_context.metrics.record(tag, perf_counter() - started, request_id)
        return Reply(payload, http.status_of(payload, kind), kind, request_id, self._cookie_headers(context))

    async def stream(self, scope: Scope, headers: Headers, body: Body, receive: Receive, send: Send) -> None:
        """Answers a request for an event stream. Raises ConnectionResetError as `reply` does."""
        request_id = http.request_id(headers)
        try:
            context, request = await self._admitted(scope, headers, body, request_id)
            await self.event_streams.answer(
                request,
                context,
                scope,
                receive,
                send,
                with_cost=http.wants_cost(headers, default=self._shows_cost),
                more_headers=partial(self._cookie_headers, context),
            )
        except HttpRefusal as refused:
            self._context.metrics.refused(refused.status, refused.code)
            await http.send_refusal(send, refused, kind=http.JSON, request_id=request_id)

    async def _admitted(
        self, scope: Scope, headers: Headers, body: Body, request_id: str
    ) -> tuple[Context, GraphQLRequest]:
        """Returns the context and the parsed request. Raises HttpRefusal, or ConnectionResetError as `reply` does."""
        http.require_json(headers)
        raw = body if isinstance(body, bytes) else await body()
        redaction.remember(headers, raw)
        context = await self._context.context(scope, headers, request_id)
        if self._cookies is not None:
            context.refresh_cookie = self._cookies.read_cookie(headers)
        return context, http.parse_body(raw, self._texts)

    def _cookie_headers(self, context: Context) -> tuple[tuple[bytes, bytes], ...]:
        """Returns the headers that set or remove the cookie, after the execution."""
        if self._cookies is None or context.refresh_cookie is None:
            return ()
        return self._cookies.set_cookie_headers(context.refresh_cookie)


class Handler:
    """ASGI middleware that answers POST /graphql itself, and passes other requests to `app`."""

    def __init__(self, app: ASGIApp, responder: PostResponder) -> None:
        self._app, self._responder = app, responder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/graphql" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        headers, responder = dict(scope["headers"]), self._responder

        async def body() -> bytes:
            max_bytes = await responder.max_bytes(headers)
            return await http.body(receive, headers, max_bytes=max_bytes, within_seconds=responder.body_seconds)

        try:
            if http.wants_events(headers.get(b"accept", b"")):
                await responder.stream(scope, headers, body, receive, send)
                return
            reply = await responder.reply(scope, headers, body)
        except ConnectionResetError:
            return
        await http.send_json(
            send,
            reply.payload,
            status=reply.status,
            kind=reply.kind,
            request_id=reply.request_id,
            headers=reply.headers,
        )
