"""Sends events of a subscription to its websocket without waking its task (decision 37).

a state is read ─► its subscriber waits for it? ─► one payload per state and document ─► frame ─► transport
                      └ no, or anything else is unusual: the task sends it, as it sends every first event
"""

from collections.abc import Callable
from typing import Any

from pocketpay.serving.documents import Operation
from pocketpay.serving.execution import Execution
from pocketpay.serving.executor import OperationExecutor
from pocketpay.serving.frames import next_prefix
from pocketpay.serving.plans import Run

WriteText = Callable[[bytes], bool]
"""Writes a text to the websocket at once. Returns False when it cannot; never raises."""


class DirectPush:
    """Sends the events of one subscription: its context's `send_event`."""

    __slots__ = ("_execution", "_operation", "_prefix", "_run", "_write")

    def __init__(
        self, execution: Execution, operation: Operation, executor: OperationExecutor, id: str, write: WriteText
    ) -> None:
        """`id` is the operation's id on its websocket."""
        self._execution, self._operation, self._write = execution, operation, write
        self._prefix = next_prefix(id)
        self._run = Run(executor.context_value, executor.variable_values)

    def __call__(self, state: Any, event_of: Callable[[Any], object]) -> bool:
        """Sends the event of the state. Returns False when the subscription's task has to send it."""
        plan = self._operation.event_plan
        payload = None if plan is None else plan.state_payload(state, event_of, self._run)
        if payload is None or not self._write(b"%b%b}" % (self._prefix, payload)):
            return False
        self._execution.pushes[self._operation.label] += 1
        return True
