"""Websockets: the protocol graphql-transport-ws, based on Strawberry's handler.

    1012  the server is shutting down
    1013  the session cannot be checked because the database is not available
    4400  an invalid frame: not text, not a JSON object, or not of the protocol
    4401  the session was revoked (clients do not reconnect), or an operation arrived before the acknowledgement
    4403  the token is invalid or expired, also while the socket is open (clients reconnect with a new token)
    4408  no connection_init within 5 s
    4409  the id of an operation that is still running
    4429  a second connection_init, too many sockets of a user, or too many anonymous sockets of an address

Queries and subscriptions are executed, mutations are not. The number of subscriptions is limited; the same number of
queries runs at a time, and further queries wait. Each operation and each event of a subscription has its own context,
because data loaders cache what they have loaded.
"""

import asyncio
from contextlib import aclosing
from time import perf_counter, time
from typing import Any, cast

from graphql import GraphQLError
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation

from pocketpay.api.bad_input import BadUserInput
from pocketpay.api.context import Context
from pocketpay.database.failures import ServiceBusy
from pocketpay.identity.gate import Denial
from pocketpay.identity.tokens import Claims
from pocketpay.identity.viewer import Viewer
from pocketpay.serving import http, redaction
from pocketpay.serving.credentials import token_in
from pocketpay.serving.direct_push import DirectPush, WriteText
from pocketpay.serving.documents import Operation as PreparedOperation
from pocketpay.serving.execution import Rejected, tag_of
from pocketpay.serving.executor import OperationExecutor
from pocketpay.serving.failures import RATE_LIMITED
from pocketpay.serving.frames import TextFrames, message_error, next_frame
from pocketpay.serving.server_context import ServerContext
from pocketpay.serving.subscription_events import SubscriptionFailed, payloads
from pocketpay.serving.tags import OTHER, Tag

INIT_SECONDS = 5.0

MAX_WAITING_QUERIES = 80
"""Largest number of waiting queries of one socket. Each keeps its frame, of at most 64 KiB, in memory. On an
anonymous socket no query waits."""

TOO_MANY_OPERATIONS = GraphQLError(
    "Too many operations wait on this socket: try again in a moment.", extensions={"code": RATE_LIMITED}
)

NO_MUTATIONS = BadUserInput("Send mutations with POST, not over a websocket.")


class Socket(BaseGraphQLTransportWSHandler[Context, None]):
    """One websocket. `viewer` is None until a token has been accepted, and always on an anonymous socket."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs | {"max_subscriptions_per_connection": None})  # `handle_subscribe` has the limits
        self.server_context = cast(ServerContext, kwargs["view"].server_context)
        self.address: str = kwargs["context"].address
        self.viewer: Viewer | None = None
        self.token: str | None = None
        self._max_streams: int = kwargs["view"].socket_subscriptions
        self._max_queries = self._max_streams
        self._streams = 0
        self._query_turns = asyncio.Semaphore(self._max_queries)
        scope = cast(TextFrames, self.websocket).ws.scope
        self._write_text: WriteText | None = scope.get("extensions", {}).get(http.WRITE_TEXT)
        self._expiry: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    async def handle(self) -> None:
        self.server_context.sockets.add(self)
        try:
            await super().handle()
        finally:
            if self._expiry is not None:
                self._expiry.cancel()
            self.server_context.sockets.remove(self)

    def end(self, code: int, reason: str) -> None:
        """Closes the socket, and stops its operations immediately: the peer may never answer the close."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(code, reason))

    async def _close(self, code: int, reason: str) -> None:
        for operation_id in list(self.operations):
            await self.cleanup_operation(operation_id)
        try:
            await self.websocket.close(code, reason)
        except WebSocketDisconnected:
            return

    # ------------------------------------------------------------ frames

    async def handle_message(self, message: Any) -> None:
        error = message_error(message)
        if error is None:
            await super().handle_message(message)
        else:
            await self.handle_invalid_message(error)

    async def handle_connection_init(self, message: Any) -> None:
        if self.connection_timed_out:
            return
        if self.connection_init_timeout_task:
            self.connection_init_timeout_task.cancel()
            self.connection_init_timeout_task = None
        payload = message.get("payload")
        if payload is not None and not isinstance(payload, dict):
            await self.handle_invalid_message("The payload of connection_init is not an object")
            return
        if self.connection_init_received:
            await self.websocket.close(4429, "Too many initialisation requests")
            return
        self.connection_init_received = True
        refusal = await self._sign_in(token_in(payload or {}))
        if refusal is not None:
            await self.websocket.close(*refusal)
            return
        await self.send_message({"type": "connection_ack"})
        self.connection_acknowledged = True

    async def _sign_in(self, token: str | None) -> tuple[int, str] | None:
        """Accepts the token, or returns the close code and reason. Without a token the socket stays anonymous."""
        if token is None:
            return None
        redaction.remember({b"authorization": token.encode("utf-8", "replace")})
        try:
            result = await self.context.services.identity.gate.check(token)
        except ServiceBusy:
            return 1013, "Try again later"
        if isinstance(result, Denial):
            return close_reason(result)
        self.viewer, self.token = result.viewer, token
        if not self.server_context.sockets.sign_in(self):
            return 4429, "Too many sockets"
        self.context.viewer = result.viewer
        self._close_at_expiry(result)
        return None

    def _close_at_expiry(self, claims: Claims) -> None:
        left = max(0.0, claims.expires_at - time())
        self._expiry = asyncio.get_running_loop().call_later(left, self.end, *close_reason(Denial.EXPIRED))

    # ------------------------------------------------------------ operations

    async def handle_subscribe(self, message: Any) -> None:
        waiting = 0 if self.viewer is None else MAX_WAITING_QUERIES
        limit = self._max_streams + self._max_queries + waiting
        if len(self.operations) >= limit and message["id"] not in self.operations:
            await self._refuse(message, [TOO_MANY_OPERATIONS.formatted])
            return
        payload = message["payload"]
        if payload.get("query") is None and self.connection_acknowledged and message["id"] not in self.operations:
            try:
                payload["query"] = http.parse_members(payload, self.server_context.execution.documents.texts).query
            except http.HttpRefusal as refusal:
                await self._refuse(message, refusal.payload["errors"])
                return
        await super().handle_subscribe(message)

    async def _refuse(self, message: Any, errors: list[Any]) -> None:
        """Sends the errors of an operation that has not started."""
        await self.send_message(cast(Any, {"id": message["id"], "type": "error", "payload": errors}))

    async def run_operation(self, operation: Operation[Context, None]) -> None:
        context = self.context.fresh()
        context.request_id = http.request_id({})
        started = perf_counter()
        try:
            tag = await self._run(operation, context)
        except WebSocketDisconnected:
            return
        self.server_context.metrics.record(tag, perf_counter() - started, context.request_id)

    async def _run(self, operation: Operation[Context, None], context: Context) -> Tag:
        """Runs an operation. Returns its tag for the metrics."""
        try:
            self.server_context.check_rate(self.viewer, self.address)
            prepared_operation = await self.server_context.execution.find_operation(
                operation.query, operation.operation_name, operation.variables, context
            )
            if prepared_operation.type == "mutation":
                raise Rejected([NO_MUTATIONS])
            executor = self.server_context.execution.executor(prepared_operation, operation.variables, context)
            if isinstance(executor, list):
                raise Rejected(await self.server_context.execution.with_currency(executor, context))
            if prepared_operation.type == "subscription" and self._streams >= self._max_streams:
                raise Rejected([too_many_subscriptions(self._max_streams)])
        except Rejected as rejected:
            answer = rejected.answer(context.request_id)
            await _send_errors(operation, answer.payload["errors"])
            return answer.tag
        except http.HttpRefusal as refusal:
            await _send_errors(operation, refusal.payload["errors"])
            return Tag("none", OTHER, "rejected", refusal.code)
        if prepared_operation.type == "query":
            async with self._query_turns:
                return await self._answer(operation, prepared_operation, executor)
        self._streams += 1
        try:
            with self.server_context.metrics.subscriptions.track():
                return await self._stream(operation, prepared_operation, executor)
        finally:
            self._streams -= 1

    async def _answer(
        self, operation: Operation[Context, None], prepared_operation: PreparedOperation, executor: OperationExecutor
    ) -> Tag:
        answer = await self.server_context.execution.execute(
            prepared_operation, executor.variable_values, executor.context_value
        )
        await _send(operation, "next", answer.payload)
        await _send(operation, "complete")
        return answer.tag

    async def _stream(
        self, operation: Operation[Context, None], prepared_operation: PreparedOperation, executor: OperationExecutor
    ) -> Tag:
        if self._write_text is not None:
            executor.context_value.send_event = DirectPush(
                self.server_context.execution, prepared_operation, executor, operation.id, self._write_text
            )
        try:
            async with aclosing(payloads(self.server_context.execution, prepared_operation, executor)) as events:
                async for payload in events:
                    if not operation.completed:
                        await cast(TextFrames, self.websocket).send_text(next_frame(operation.id, payload))
        except SubscriptionFailed as failed:
            await _send_errors(operation, failed.errors)
            return tag_of(prepared_operation, failed.errors)
        await _send(operation, "complete")
        return prepared_operation.ok


def close_reason(denial: Denial) -> tuple[int, str]:
    """Returns the close code and reason for a refused token."""
    return (4401, "Session revoked") if denial is Denial.REVOKED else (4403, "Forbidden")


def too_many_subscriptions(limit: int) -> GraphQLError:
    return GraphQLError(f"A socket has at most {limit} subscriptions.", extensions={"code": RATE_LIMITED})


async def _send(operation: Operation[Context, None], type_: str, payload: Any = None) -> None:
    message = {"id": operation.id, "type": type_}
    if payload is not None:
        message["payload"] = payload
    await operation.send_operation_message(cast(Any, message))


async def _send_errors(operation: Operation[Context, None], errors: list[dict[str, Any]]) -> None:
    await _send(operation, "error", errors)
