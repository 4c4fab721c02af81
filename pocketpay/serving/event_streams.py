"""POST /graphql with `Accept: text/event-stream`: GraphQL over server-sent events, each operation on its own request.

    event: next          data: a response, of a query, a mutation, or one event of a subscription
    event: complete      the operation is finished: the client does not repeat it
    :                    a comment every PING_SECONDS of a subscription, so that proxies keep the connection open

    refused before execution        an HTTP status with JSON, as for every POST
    the document or its variables   200, `next` with the errors, `complete`
    a query or a mutation           200, `next`, `complete`, in one piece
    a subscription                  200, `next` for each event, and then, when
        its source ends                     `complete`
        it fails                            `next` with the error, `complete`
        the token expires, or the session   `next` with UNAUTHENTICATED, `complete`: the client signs in or refreshes
        is revoked                          its token, and subscribes again
        the server stops                    the response ends without `complete`: the client connects again

A subscription counts as an open websocket of its user. A client that does not read is disconnected like every client
that leaves a response unread (`connections/`); events are not queued for it.

This is the mode "distinct connections" of the protocol of the library graphql-sse. Decision 44 gives the reasons.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from time import perf_counter, time

import orjson
from starlette.types import Receive, Scope, Send

from pocketpay.api.context import Context
from pocketpay.database.failures import ServiceBusy
from pocketpay.identity.gate import Denial
from pocketpay.identity.viewer import Viewer
from pocketpay.serving import http
from pocketpay.serving.documents import Operation
from pocketpay.serving.execution import Answer, Rejected, tag_of
from pocketpay.serving.executor import OperationExecutor
from pocketpay.serving.failures import RATE_LIMITED, UNAUTHENTICATED
from pocketpay.serving.http import EVENT_STREAM, GraphQLRequest, HttpRefusal
from pocketpay.serving.server_context import ServerContext
from pocketpay.serving.sockets import close_reason
from pocketpay.serving.subscription_events import SubscriptionFailed, payloads
from pocketpay.serving.tags import Tag

PING_SECONDS = 12.0
"""Seconds between two comments. Proxies close connections on which nothing is sent for 30 to 60 seconds."""

CUT_SECONDS = 1.0
"""Seconds that the last event of an ended stream may take. A client that does not read it in time is disconnected."""

PING = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"

STREAM_HEADERS = (
    (b"content-type", EVENT_STREAM + b"; charset=utf-8"),
    (b"x-accel-buffering", b"no"),  # nginx passes each event on immediately
)

TOO_MANY = HttpRefusal(429, "Too many open websockets and event streams of this user.", code=RATE_LIMITED)

ENDED = HttpRefusal(401, "This session was ended. Sign in again.", code=UNAUTHENTICATED)

Ending = bytes | None
"""The last events of a stream that is ended by the server; None ends it without `complete`."""


def next_event(payload: bytes) -> bytes:
    """Returns a `next` event. `payload` is serialized JSON, which has no line breaks."""
    return b"event: next\ndata: " + payload + b"\n\n"


def last_events(message: str, code: str) -> bytes:
    """Returns a `next` event with an error, and `complete`."""
    return next_event(orjson.dumps({"errors": [{"message": message, "extensions": {"code": code}}]})) + COMPLETE


_ENDINGS: dict[int, bytes] = {
    4401: last_events("This session was ended. Sign in again.", UNAUTHENTICATED),
    4403: last_events("The access token has expired. Refresh it and subscribe again.", UNAUTHENTICATED),
    4429: last_events("There are too many event streams without a token from this address.", RATE_LIMITED),
}
"""The last events of a stream by the close code that a websocket would get."""


class EventStream:
    """The open event stream of one subscription, as `Sockets` counts it."""

    def __init__(self, viewer: Viewer | None, token: str | None, address: str) -> None:
        self.viewer, self.token, self.address = viewer, token, address
        self.ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        """Set when the server ends the stream."""

    def end(self, code: int, reason: str) -> None:
        """Ends the stream with the error that corresponds to the close code of a websocket."""
        self._end(_ENDINGS[code])

    def stop(self) -> None:
        """Ends the stream because the server stops: the client connects again."""
        self._end(None)

    def _end(self, ending: Ending) -> None:
        if not self.ended.done():
            self.ended.set_result(ending)


class EventStreams:
    """Answers requests for event streams, and ends the open ones when the server stops."""

    def __init__(self, server_context: ServerContext) -> None:
        self._context = server_context
        self._open: set[EventStream] = set()
        self._stopping = False

    def stop(self) -> None:
        """Ends all streams. Further subscriptions end immediately."""
        self._stopping = True
        for stream in tuple(self._open):
            stream.stop()

    async def answer(
        self,
        request: GraphQLRequest,
        context: Context,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        with_cost: bool,
        more_headers: Callable[[], tuple[tuple[bytes, bytes], ...]],
    ) -> None:
        """Executes the request and sends its events. Raises HttpRefusal when the user has too many streams."""
        started = perf_counter()
        execution = self._context.execution
        try:
            operation = await execution.find_operation(
                request.query, request.operation_name, request.variables, context
            )
            if operation.type == "subscription":
                executor = execution.executor(operation, request.variables, context)
                if isinstance(executor, list):
                    raise Rejected(await execution.with_currency(executor, context))
                tag = await self._subscription(operation, executor, scope, receive, send)
                self._context.metrics.record(tag, perf_counter() - started)
                return
            answer = await execution.run(operation, request.variables, context)
            if with_cost:
                answer = execution.add_cost(answer, operation, request.variables)
        except Rejected as rejected:
            answer = rejected.answer(context.request_id)
        self._context.metrics.record(answer.tag, perf_counter() - started, context.request_id)
        await _send_whole(send, answer, context.request_id, more_headers())

    async def _subscription(
        self, operation: Operation, executor: OperationExecutor, scope: Scope, receive: Receive, send: Send
    ) -> Tag:
        """Sends the events of a subscription until it is over. Returns its tag for the metrics."""
        context, token, expires_at = executor.context_value, None, None
        if context.viewer is not None:
            token = http.bearer_token(dict(scope["headers"]))
            expires_at = await self._expiry(context, token)
        stream = EventStream(context.viewer, token, context.address)
        sockets = self._context.sockets
        if not sockets.open(stream):
            raise TOO_MANY
        expiry = None
        if expires_at is not None:
            left = max(0.0, expires_at - time())
            expiry = asyncio.get_running_loop().call_later(left, stream.end, *close_reason(Denial.EXPIRED))
        self._open.add(stream)
        if self._stopping:
            stream.stop()
        metrics = self._context.metrics
        try:
            with metrics.sockets.track(), metrics.subscriptions.track():
                return await self._run(stream, operation, executor, scope, receive, send)
        finally:
            self._open.discard(stream)
            if expiry is not None:
                expiry.cancel()
            sockets.remove(stream)

    async def _expiry(self, context: Context, token: str) -> float:
        """Returns when the token expires. Raises HttpRefusal when the session cannot be checked or has just ended."""
        try:
            result = await context.services.identity.gate.check(token)
        except ServiceBusy:
            raise http.busy() from None
        if isinstance(result, Denial):
            raise ENDED
        return result.expires_at

    async def _run(
        self,
        stream: EventStream,
        operation: Operation,
        executor: OperationExecutor,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> Tag:
        request_id = executor.context_value.request_id.encode()
        headers = [*STREAM_HEADERS, (b"x-request-id", request_id), *http.SECURITY_HEADERS]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _send_part(send, PING)
        sending = asyncio.create_task(self._send_events(operation, executor, send))
        gone = asyncio.create_task(_disconnected(receive))
        tasks = (sending, gone, asyncio.create_task(_ping_forever(send)))
        try:
            await asyncio.wait((*tasks, stream.ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if not gone.cancelled():
            return operation.ok
        ending = b"" if not sending.cancelled() else stream.ended.result()
        await _finish(ending or b"", scope, receive, send)
        return operation.ok if sending.cancelled() else sending.result()

    async def _send_events(self, operation: Operation, executor: OperationExecutor, send: Send) -> Tag:
        """Sends the events of a subscription and `complete`. Returns its tag for the metrics."""
        try:
            async with aclosing(payloads(self._context.execution, operation, executor)) as events:
                async for payload in events:
                    await _send_part(send, next_event(payload))
        except SubscriptionFailed as failed:
            await _send_part(send, next_event(orjson.dumps({"errors": failed.errors})) + COMPLETE)
            return tag_of(operation, failed.errors)
        await _send_part(send, COMPLETE)
        return operation.ok


async def _send_whole(
    send: Send, answer: Answer, request_id: str, more_headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    """Sends the events of a query or a mutation as one response."""
    body = next_event(orjson.dumps(answer.payload)) + COMPLETE
    headers = [*http.response_headers(body, EVENT_STREAM, request_id), *more_headers]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_part(send: Send, part: bytes) -> None:
    await send({"type": "http.response.body", "body": part, "more_body": True})


async def _ping_forever(send: Send) -> None:
    while True:
        await asyncio.sleep(PING_SECONDS)
        await _send_part(send, PING)


async def _disconnected(receive: Receive) -> None:
    """Returns when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _finish(ending: bytes, scope: Scope, receive: Receive, send: Send) -> None:
    """Sends the last events and ends the response. Disconnects a client that does not read them in time."""
    try:
        async with asyncio.timeout(CUT_SECONDS):
            await send({"type": "http.response.body", "body": ending})
    except TimeoutError:
        abort = scope.get("extensions", {}).get(http.ABORT)
        if abort is not None:
            abort()
            await _disconnected(receive)
