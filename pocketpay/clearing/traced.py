"""The clearing with a span for each unit of work, linked with the operations in it (decision 66)."""

from collections.abc import Sequence

from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.lane import Failed, Lane
from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.queue import Clearing
from pocketpay.clearing.ticket import Ticket
from pocketpay.tracing import spans
from pocketpay.tracing.spans import SpanContext, Traces


def traced_clearing(traces: Traces) -> type[Clearing]:
    """Returns the class of a clearing that makes spans with `traces`."""
    operation_of: dict[int, SpanContext] = {}
    """The operation of each unanswered instruction, by `id()` of the instruction."""

    class TracedLane(Lane):
        """Makes a span for each try of a unit of work: a unit that is retried has several."""

        async def _try(self, tickets: Sequence[Ticket]) -> Failed | None:
            found = [operation_of.get(id(ticket.instruction)) for ticket in tickets]
            operations = [operation for operation in found if operation is not None]
            with traces.unit("unit of work", operations, {"pocketpay.instructions": len(tickets)}) as span:
                failed = await super()._try(tickets)
                if failed is not None and span is not None:
                    spans.failed(span, failed.failure)
                return failed

    class TracedClearing(Clearing):
        """Remembers the operation that submits each instruction."""

        lane_type = TracedLane

        async def submit(self, instruction: Instruction, *, weight: int = 1) -> Answer:
            operation = spans.current()
            if not operation.is_valid:
                return await super().submit(instruction, weight=weight)
            operation_of[id(instruction)] = operation
            try:
                return await super().submit(instruction, weight=weight)
            finally:
                del operation_of[id(instruction)]

    return TracedClearing
