"""The clearing with a span for each unit of work, linked with the operations in it (decision 66)."""

from collections.abc import Sequence

from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.queue import Clearing, Failed
from pocketpay.clearing.ticket import Ticket
from pocketpay.tracing import spans
from pocketpay.tracing.spans import SpanContext, Traces


def traced_clearing(traces: Traces) -> type[Clearing]:
    """Returns the class of a clearing that makes spans with `traces`."""

    class TracedClearing(Clearing):
        """Makes a span for each try of a unit of work: a unit that is retried has several."""

        def __post_init__(self) -> None:
            super().__post_init__()
            self._operations: dict[int, SpanContext] = {}
            """The operation of each unanswered instruction, by `id()` of the instruction."""

        async def submit(self, instruction: Instruction, *, weight: int = 1) -> Answer:
            operation = spans.current()
            if not operation.is_valid:
                return await super().submit(instruction, weight=weight)
            self._operations[id(instruction)] = operation
            try:
                return await super().submit(instruction, weight=weight)
            finally:
                del self._operations[id(instruction)]

        async def _try(self, tickets: Sequence[Ticket]) -> Failed | None:
            found = [self._operations.get(id(ticket.instruction)) for ticket in tickets]
            operations = [operation for operation in found if operation is not None]
            with traces.unit("unit of work", operations, {"pocketpay.instructions": len(tickets)}) as span:
                failed = await super()._try(tickets)
                if failed is not None and span is not None:
                    spans.failed(span, failed.failure)
                return failed

    return TracedClearing
