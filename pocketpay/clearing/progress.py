"""How far a unit of work came, and whether it was a rule that failed: what an error means depends on both.

Decision 5 gives the reasons.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pocketpay.clearing.outcome import Result
from pocketpay.errors import PocketPayError
from pocketpay.ledger.account import Account


@dataclass(slots=True)
class Progress:
    """Only a unit that was committing its `results` may have happened. A lock that was waited for too long was an
    account's unless the accounts were `locked` by then. `ahead` are the accounts that were ahead of the clock: the
    instructions that need them have no result."""

    locked: bool = False
    ahead: Sequence[Account] = ()
    results: list[Result | None] | None = None


class RuleFailed(PocketPayError):
    """A rule raised `error`, or a row that it needs cannot be read.

    It is a bug of ours, whatever the same error would say of the connection.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
