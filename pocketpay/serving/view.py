"""All of /graphql except POST: queries by GET, the explorer for browsers, websockets."""

from collections.abc import Callable
from datetime import timedelta
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.asgi import GraphQL
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from pocketpay.api.context import Context
from pocketpay.api.schema import Schema
from pocketpay.serving import http, redaction
from pocketpay.serving.execution import Answer, Rejected
from pocketpay.serving.frames import TextFrames
from pocketpay.serving.http import Headers, HttpRefusal
from pocketpay.serving.origins import REFUSED, Origins
from pocketpay.serving.server_context import ServerContext
from pocketpay.serving.sockets import INIT_SECONDS, Socket
from pocketpay.settings import Settings

NO_EVENTS = HttpRefusal(406, "Send requests for text/event-stream with POST.")
MUTATION_BY_GET = HttpRefusal(405, "Send mutations with POST.", headers=((b"allow", b"POST"),))


def _is_page_request(scope: Scope, headers: Headers) -> bool:
    """Whether the request comes from a browser that opens the address as a page."""
    wants_html = scope["method"] in ("GET", "HEAD") and b"text/html" in headers.get(b"accept", b"")
    return wants_html and b"query=" not in scope["query_string"]


class View(GraphQL[Context, None]):
    """The ASGI application at /graphql for all requests except POST, one per server."""

    websocket_adapter_class = TextFrames
    graphql_transport_ws_handler_class = Socket

    def __init__(
        self,
        schema: Schema,
        server_context: ServerContext,
        settings: Settings,
        *,
        origins: Origins,
        page: Callable[[], ASGIApp] | None,
    ) -> None:
        """`page` returns the explorer, which browsers get at this address; None when there is no explorer."""
        self._page = page
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=timedelta(seconds=INIT_SECONDS),
            # Origins are checked before Strawberry gets the handshake: it would log every refusal, without a limit.
            allowed_origins=["*"],
        )
        self.server_context, self._origins = server_context, origins
        self.socket_subscriptions = settings.socket_subscriptions
        self._shows_cost = not settings.production

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._upgrade(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if self._page is not None and _is_page_request(scope, headers):
            await self._page()(scope, receive, send)
            return
        request_id, kind = http.request_id(headers), http.JSON
        redaction.remember(headers)
        try:
            kind = http.media_type(headers.get(b"accept", b""))
            if kind == http.EVENT_STREAM:
                kind = http.JSON
                raise NO_EVENTS
            context = await self.server_context.context(scope, headers, request_id)
            started = perf_counter()
            payload, tag = await self._answer(
                scope, context, with_cost=http.wants_cost(headers, default=self._shows_cost)
            )
            self.server_context.metrics.record(tag, perf_counter() - started, request_id)
        except HttpRefusal as refused:
            self.server_context.metrics.refused(refused.status, refused.code)
            await http.send_refusal(send, refused, kind=kind, request_id=request_id)
        else:
            status = http.status_of(payload, kind)
            await http.send_json(send, payload, status=status, kind=kind, request_id=request_id)

    async def _upgrade(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Accepts or refuses a handshake. A token in its headers matters only for the rate limit: connection_init
        signs in."""
        headers = dict(scope["headers"])
        try:
            await self.server_context.admit(scope, headers)
            if self._origins.refuses(headers):
                raise REFUSED
        except HttpRefusal as refused:
            self.server_context.metrics.refused(refused.status, refused.code)
            await http.refuse_upgrade(receive, send, refused)
            return
        with self.server_context.metrics.sockets.track():
            await super().__call__(scope, receive, send)

    async def get_context(self, request: Any, response: Any) -> Context:
        """Returns the context of a websocket that has not signed in."""
        return self.server_context.context_of(None, request.scope, {}, "")

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)

    async def _answer(self, scope: Scope, context: Context, *, with_cost: bool) -> Answer:
        """Answers a query. Raises HttpRefusal for another method or for a mutation."""
        if scope["method"] != "GET":
            raise HttpRefusal(405, "Send GraphQL requests with POST or GET.", headers=((b"allow", b"GET, POST"),))
        request = http.parse_query_string(
            dict(parse_qsl(scope["query_string"].decode("latin-1"))), self.server_context.execution.documents.texts
        )
        execution = self.server_context.execution
        try:
            operation = await execution.find_operation(
                request.query, request.operation_name, request.variables, context
            )
        except Rejected as rejected:
            return rejected.answer(context.request_id)
        if operation.type == "mutation":
            raise MUTATION_BY_GET
        answer = await execution.run(operation, request.variables, context)
        return execution.add_cost(answer, operation, request.variables) if with_cost else answer
