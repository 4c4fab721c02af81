"""Strawberry's view, for what the handler leaves: queries by GET, the explorer for a browser, websockets.

What is asked by GET is executed by Strawberry's own `Schema.execute`, over the same documents and with the same
words for errors: a test gives both ways the same requests and wants the same answers.
"""

from collections.abc import Callable, Generator
from datetime import timedelta
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.asgi import GraphQL
from strawberry.extensions import SchemaExtension
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult

from pocketpay.api.bad_input import BAD_USER_INPUT
from pocketpay.api.context import Context
from pocketpay.api.schema import Schema
from pocketpay.serving import http
from pocketpay.serving.documents import Documents, Prepared
from pocketpay.serving.doors import Doors
from pocketpay.serving.execution import NO_SUBSCRIPTIONS, Answer, Rejected, outcome_of
from pocketpay.serving.failures import formatted
from pocketpay.serving.frames import TextFrames
from pocketpay.serving.http import Asked, Headers, HttpRefusal
from pocketpay.serving.sockets import INIT_SECONDS, Socket
from pocketpay.settings import Settings

MUTATION_BY_GET = HttpRefusal(405, "Mutations go by POST.", headers=((b"allow", b"POST"),))


def _is_browsers(scope: Scope, headers: Headers) -> bool:
    """Whether a person looks at this address."""
    looks = scope["method"] in ("GET", "HEAD") and b"text/html" in headers.get(b"accept", b"")
    return looks and b"query=" not in scope["query_string"]


def prepared_by(documents: Documents) -> type[SchemaExtension]:
    """An extension by which Strawberry takes its documents from ours."""

    class PreparedDocuments(SchemaExtension):
        def on_parse(self) -> Generator[None, None, None]:
            self.execution_context.graphql_document = self._prepared().document
            yield

        def on_validate(self) -> Generator[None, None, None]:
            self.execution_context.pre_execution_errors = self._prepared().errors
            yield

        def _prepared(self) -> Prepared:
            asked = self.execution_context
            return documents.prepared(asked.query or "", anonymous=asked.context.viewer is None)

    return PreparedDocuments


class View(GraphQL[Context, None]):
    """One for each server, at /graphql."""

    websocket_adapter_class = TextFrames
    graphql_transport_ws_handler_class = Socket

    def __init__(
        self, schema: Schema, doors: Doors, settings: Settings, *, page: Callable[[], ASGIApp] | None
    ) -> None:
        """`page` gives what a browser is shown at this address, the explorer; None where there is none."""
        self._page = page
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
            connection_init_wait_timeout=timedelta(seconds=INIT_SECONDS),
            max_subscriptions_per_connection=settings.socket_subscriptions,
            allowed_origins=settings.origins,
        )
        self.doors = doors
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._upgrade(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if self._page is not None and _is_browsers(scope, headers):
            await self._page()(scope, receive, send)
            return
        request_id, kind = http.request_id(headers), http.JSON
        try:
            kind = http.media_type(headers.get(b"accept", b""))
            context = await self.doors.context(scope, headers, request_id)
            asked = await self._asked(scope, receive, headers)
            began = perf_counter()
            payload, type_, outcome = await self._answer(asked, context, scope["method"])
            self.doors.metrics.note(type_, outcome, perf_counter() - began)
        except HttpRefusal as refused:
            await http.send_refusal(send, refused, kind=kind, request_id=request_id)
        except ConnectionResetError:
            return
        else:
            status = http.status_of(payload, kind)
            await http.send_json(send, payload, status=status, kind=kind, request_id=request_id)

    async def _upgrade(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a handshake, or refuses it. A token in its headers counts for the rate alone: connection_init
        signs in."""
        try:
            await self.doors.admitted(scope, dict(scope["headers"]))
        except HttpRefusal as refused:
            await http.refuse_upgrade(receive, send, refused)
            return
        with self.doors.metrics.sockets.track_inprogress():
            await super().__call__(scope, receive, send)

    async def get_context(self, request: Any, response: Any) -> Context:
        """A websocket's surroundings, before anybody has signed in on it."""
        return self.doors.context_of(None, request.scope, {}, "")

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)

    async def _asked(self, scope: Scope, receive: Receive, headers: Headers) -> Asked:
        match scope["method"]:
            case "POST":
                http.must_be_json(headers)
                most_bytes, within_seconds = self._settings.body_bytes, self._settings.body_seconds
                return http.asked(
                    await http.body(receive, headers, most_bytes=most_bytes, within_seconds=within_seconds)
                )
            case "GET":
                return http.asked_by_get(dict(parse_qsl(scope["query_string"].decode("latin-1"))))
        raise HttpRefusal(405, "GraphQL is asked by POST, or by GET.", headers=((b"allow", b"GET, POST"),))

    async def _answer(self, asked: Asked, context: Context, method: str) -> Answer:
        try:
            if context.viewer is None:
                await self.doors.execution.prepare_for_a_stranger(asked.query, context.address)
            operation = self.doors.execution.operation(*asked, anonymous=context.viewer is None)
        except Rejected as rejected:
            return rejected.answer(context.request_id)
        if operation.type == "subscription":
            return Rejected([NO_SUBSCRIPTIONS]).answer(context.request_id)
        if operation.type == "mutation" and method == "GET":
            raise MUTATION_BY_GET
        result = await self.schema.execute(
            asked.query,
            variable_values=asked.variables,
            context_value=context,
            operation_name=asked.operation_name,
        )
        return _told(result, operation.type, context.request_id)


def _told(result: ExecutionResult, type_: str, request_id: str) -> Answer:
    errors = result.errors or []
    payload: dict[str, Any] = {}
    if not errors or result.data is not None or any(error.path is not None for error in errors):
        payload["data"] = result.data
    if errors:
        payload["errors"] = formatted(errors, BAD_USER_INPUT, request_id)
    outcome = "ok" if not errors else outcome_of(payload["errors"]) if "data" in payload else "rejected"
    return Answer(payload, type_, outcome)
