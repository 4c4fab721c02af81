"""The execution of operations with a span for each, and the caller of each request (decision 66)."""

from collections.abc import Iterator
from typing import Any

from graphql.execution.values import VariableValues
from starlette.types import Scope

from pocketpay.api.context import Context
from pocketpay.api.error_code import ErrorCode
from pocketpay.identity.viewer import Viewer
from pocketpay.serving.documents import Operation
from pocketpay.serving.execution import Answer, Execution
from pocketpay.serving.http import Headers
from pocketpay.serving.server_context import ServerContext
from pocketpay.tracing import spans
from pocketpay.tracing.spans import Span, Traces

FAILED = ("busy", "internal")
"""The outcomes that are failures of the server. A refusal is not a failure."""

MAX_CODES = 10


def traced_execution(traces: Traces) -> type[Execution]:
    """Returns the class of an execution that makes spans with `traces`."""

    class TracedExecution(Execution):
        """Makes a span for each query and mutation that is executed, on every transport."""

        async def execute(self, operation: Operation, values: VariableValues, context: Context) -> Answer:
            attributes = {"graphql.operation.type": operation.type, "pocketpay.request_id": context.request_id}
            with traces.operation(f"{operation.type} {operation.label}", attributes) as span:
                answer = await super().execute(operation, values, context)
                if span.is_recording():
                    _finish(span, answer)
                return answer

    return TracedExecution


class TracedServerContext(ServerContext):
    """Reads the caller of each HTTP request from its headers. Operations of a websocket have no caller."""

    def context_of(self, viewer: Viewer | None, scope: Scope, headers: Headers, request_id: str) -> Context:
        traceparent = headers.get(b"traceparent") if scope["type"] == "http" else None
        if traceparent is None:
            spans.set_caller(None, None)
        else:
            tracestate = headers.get(b"tracestate")
            spans.set_caller(
                traceparent.decode("latin-1"), None if tracestate is None else tracestate.decode("latin-1")
            )
        return super().context_of(viewer, scope, headers, request_id)


def _finish(span: Span, answer: Answer) -> None:
    span.set_attribute("pocketpay.outcome", answer.tag.outcome)
    codes = [str(error["extensions"]["code"]) for error in answer.payload.get("errors") or ()]
    codes += _refusals(answer.payload.get("data"))
    if codes:
        span.set_attribute("pocketpay.codes", sorted({*codes})[:MAX_CODES])
    if answer.tag.outcome in FAILED:
        spans.failed(span, codes[0] if codes else answer.tag.outcome)


def _refusals(data: Any) -> Iterator[str]:
    """Yields the codes of the refusals in the payloads, as far as the client selected them.

    A client can give the alias `code` to another field, so a value that is not an error code is left out.
    """
    for payload in data.values() if isinstance(data, dict) else ():
        errors = payload.get("errors") if isinstance(payload, dict) else None
        for error in errors if isinstance(errors, list) else ():
            code = error.get("code") if isinstance(error, dict) else None
            if isinstance(code, str) and code in ErrorCode.__members__:
                yield code
