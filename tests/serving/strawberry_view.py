"""POST /graphql as Strawberry's own `Schema.execute` answers it, over the same documents and with the same words for
errors. The corpus holds the server's execution to it."""

from collections.abc import Generator
from copy import copy
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionResult

from pocketpay.api.bad_input import BAD_USER_INPUT
from pocketpay.api.context import Context
from pocketpay.api.schema import schema
from pocketpay.serving import http
from pocketpay.serving.documents import Documents, PreparedDocument
from pocketpay.serving.execution import NO_SUBSCRIPTIONS, Rejected
from pocketpay.serving.failures import formatted
from pocketpay.serving.http import GraphQLRequest, HttpRefusal
from pocketpay.serving.server_context import ServerContext


def strawberry_view(server_context: ServerContext, *, body_bytes: int) -> ASGIApp:
    """The endpoint, over the services of a server that is open."""
    by_strawberry = copy(schema)
    by_strawberry.extensions = (_prepared_by(server_context.execution.documents),)

    async def answer(request: GraphQLRequest, context: Context) -> dict[str, Any]:
        try:
            operation = await server_context.execution.find_operation(*request, context)
        except Rejected as rejected:
            return rejected.answer(context.request_id).payload
        if operation.type == "subscription":
            return Rejected([NO_SUBSCRIPTIONS]).answer(context.request_id).payload
        result = await by_strawberry.execute(
            request.query,
            variable_values=request.variables,
            context_value=context,
            operation_name=request.operation_name,
        )
        result.errors = await server_context.execution.with_currency(result.errors or [], context)
        return _payload(result, context.request_id)

    async def view(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        kind, request_id = http.JSON, http.request_id(headers)
        try:
            kind = http.media_type(headers.get(b"accept", b""))
            http.require_json(headers)
            raw = await http.body(receive, headers, max_bytes=body_bytes, within_seconds=5)
            context = await server_context.context(scope, headers, request_id)
            payload = await answer(http.parse_body(raw), context)
        except HttpRefusal as refused:
            await http.send_refusal(send, refused, kind=kind, request_id=request_id)
        else:
            status = http.status_of(payload, kind)
            await http.send_json(send, payload, status=status, kind=kind, request_id=request_id)

    return view


def _prepared_by(documents: Documents) -> type[SchemaExtension]:
    """An extension by which Strawberry takes its documents from ours."""

    class PreparedDocuments(SchemaExtension):
        def on_parse(self) -> Generator[None, None, None]:
            self.execution_context.graphql_document = self._prepared().document
            yield

        def on_validate(self) -> Generator[None, None, None]:
            self.execution_context.pre_execution_errors = self._prepared().errors
            yield

        def _prepared(self) -> PreparedDocument:
            request = self.execution_context
            return documents.prepared(request.query or "", anonymous=request.context.viewer is None)

    return PreparedDocuments


def _payload(result: ExecutionResult, request_id: str) -> dict[str, Any]:
    errors = result.errors or []
    payload: dict[str, Any] = {}
    if not errors or result.data is not None or any(error.path is not None for error in errors):
        payload["data"] = result.data
    if errors:
        payload["errors"] = formatted(errors, BAD_USER_INPUT, request_id)
    return payload
