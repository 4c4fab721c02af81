"""A ticket: an instruction that waits for its answer, and which answer that is when it was tried more than once."""

import asyncio
from dataclasses import dataclass, field, replace
from uuid import UUID

from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.outcome import Answer, Result
from pocketpay.transactions.errors import WrongState


@dataclass(slots=True, eq=False)
class Ticket:
    """An instruction that waits for its answer. `weight` is how many payments it may come to. `doubtful` is the
    answer it has if a commit that nobody heard of was done. `number` is its place by arrival. `waits` is False while
    it is in a unit of work, `was_aside` True once it has been put aside."""

    instruction: Instruction
    answer: "asyncio.Future[Answer]"
    arrived: float
    weight: int = 1
    doubtful: Result | None = None
    number: int = 0
    waits: bool = False
    was_aside: bool = False
    _accounts: frozenset[UUID] | None = field(default=None, init=False)

    @property
    def is_batch(self) -> bool:
        return self.weight > 1

    @property
    def accounts(self) -> frozenset[UUID]:
        """The accounts that it locks."""
        if self._accounts is None:
            self._accounts = self.instruction.footprint.accounts
        return self._accounts

    @property
    def in_doubt(self) -> bool:
        return self.doubtful is not None

    @property
    def given_up(self) -> bool:
        """Whether its sender was told that nobody knows. Who went away by themself was told nothing."""
        return self.answer.done() and not self.answer.cancelled()

    def settle(self, result: Result | BaseException) -> None:
        """Tells whoever waits. Who has gone away is told nothing; what was done stays done."""
        if self.answer.done():
            return
        if isinstance(result, BaseException):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)

    def first_answer(self, result: Result) -> Result:
        """Our own second try after a lost connection is no replay, and what it finds done is what it did."""
        first = self.doubtful
        if not isinstance(first, Answer) or self.instruction.footprint.key is not None:
            return result
        if isinstance(result, WrongState) and result.status is first.outcome.status:
            return first
        if isinstance(result, Answer):
            return replace(result, outcome=replace(result.outcome, replayed=first.replayed))
        return result


@dataclass(slots=True)
class Counts:
    """What the clearing has done since it started."""

    units: int = 0
    instructions: int = 0
    retries: int = 0
    busy: int = 0
    ahead: int = 0
