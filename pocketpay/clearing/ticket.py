"""A ticket: an instruction in the queue, and the answer it gets when it was tried more than once."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from uuid import UUID

from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.outcome import Answer, Result
from pocketpay.measures import Histogram
from pocketpay.transactions.errors import WrongState

SIZE_BOUNDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
SECONDS_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""The bounds of the histograms. A unit has at most 128 single instructions and one batch."""


@dataclass(slots=True, eq=False)
class Ticket:
    """An instruction in the queue.

    answer            the future that the sender awaits
    arrived           when it arrived, in seconds of the event loop's clock
    weight            the number of payments that it may make
    possible_answer   its answer if a commit whose outcome is unknown took effect
    number            its position by arrival
    waiting           False while it is in a unit of work
    was_postponed     True once it has been postponed
    """

    instruction: Instruction
    answer: "asyncio.Future[Answer]"
    arrived: float
    weight: int = 1
    possible_answer: Result | None = None
    number: int = 0
    waiting: bool = False
    was_postponed: bool = False
    _accounts: frozenset[UUID] | None = field(default=None, init=False)

    @property
    def is_batch(self) -> bool:
        return self.weight > 1

    @property
    def accounts(self) -> frozenset[UUID]:
        """The accounts that its instruction locks."""
        if self._accounts is None:
            self._accounts = self.instruction.footprint.accounts
        return self._accounts

    @property
    def in_doubt(self) -> bool:
        """Whether a commit whose outcome is unknown may have executed it."""
        return self.possible_answer is not None

    @property
    def answered(self) -> bool:
        """Whether the sender of the instruction has an answer. False if the sender has cancelled its call."""
        return self.answer.done() and not self.answer.cancelled()

    def settle(self, result: Result | BaseException) -> None:
        """Sends the result to the sender; does nothing if the sender has an answer or has cancelled its call."""
        if self.answer.done():
            return
        if isinstance(result, BaseException):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)

    def first_answer(self, result: Result) -> Result:
        """Returns the result as the first attempt would have returned it.

        After a lost connection we retry. If the first attempt was committed, the retry finds its work done: that is
        the sender's first answer, and not a replay or a wrong state.
        """
        first = self.possible_answer
        if not isinstance(first, Answer) or self.instruction.footprint.key is not None:
            return result
        if isinstance(result, WrongState) and result.status is first.outcome.status:
            return first
        if isinstance(result, Answer):
            return replace(result, outcome=replace(result.outcome, replayed=first.replayed))
        return result


@dataclass(slots=True)
class Counts:
    """The counters of the clearing since its start, for the metrics."""

    units: int = 0
    instructions: int = 0
    retries: int = 0
    busy: int = 0
    ahead: int = 0
    postponed: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    """The failed units of work, by the kind of failure."""
    unit_sizes: Histogram = field(default_factory=lambda: Histogram(SIZE_BOUNDS))
    """The instructions of each committed unit of work."""
    unit_seconds: Histogram = field(default_factory=lambda: Histogram(SECONDS_BOUNDS))
    """The duration of each committed unit of work."""
