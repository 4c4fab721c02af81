"""The responses of a subscription, one for each event of its source, for websockets and event streams."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from inspect import isawaitable
from typing import Any, cast

from graphql import ExecutionResult, located_error
from graphql.execution.execute import create_source_event_stream

from pocketpay.api.bad_input import BAD_USER_INPUT
from pocketpay.serving.documents import Operation
from pocketpay.serving.execution import Execution
from pocketpay.serving.executor import OperationExecutor
from pocketpay.serving.failures import formatted


class SubscriptionFailed(Exception):
    """Raised when a subscription cannot start, or when its source fails; `errors` are as the client sees them."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__()
        self.errors = errors


async def payloads(
    execution: Execution, operation: Operation, executor: OperationExecutor
) -> AsyncGenerator[bytes, None]:
    """Yields the response to each event as JSON, until the source ends. Raises SubscriptionFailed."""
    request_id = executor.context_value.request_id
    source = create_source_event_stream(executor)
    if isawaitable(source):
        source = await source
    if isinstance(source, ExecutionResult):
        raise SubscriptionFailed(formatted(source.errors or [], BAD_USER_INPUT, request_id))
    try:
        async with aclosing(cast(AsyncGenerator[Any, None], source)) as events:
            async for event in events:
                yield await execution.event_payload(operation, executor, event)
    except Exception as error:
        # The source of the events failed: this is reported and logged as an error of its field.
        failed = located_error(error, list(executor.operation.selection_set.selections), [_field(executor)])
        raise SubscriptionFailed(formatted([failed], BAD_USER_INPUT, request_id)) from None


def _field(executor: OperationExecutor) -> str:
    first = executor.operation.selection_set.selections[0]
    alias, name = getattr(first, "alias", None), getattr(first, "name", None)
    return str((alias or name).value) if name is not None else ""
