"""How far a unit of work got, and whether a rule failed. The meaning of an error depends on both.

Decision 5 gives the reasons.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pocketpay.clearing.outcome import Result
from pocketpay.errors import PocketPayError
from pocketpay.ledger.account import Account


@dataclass(slots=True)
class Progress:
    """How far one unit of work got.

    locked    whether it has locked its accounts: a lock timeout before that concerns an account
    ahead     the accounts that were ahead of the clock; the instructions that need them have no result
    results   None until the commit starts. Only a unit that has started its commit may have taken effect
    """

    locked: bool = False
    ahead: Sequence[Account] = ()
    results: list[Result | None] | None = None


class RuleFailed(PocketPayError):
    """A rule raised `error`, or a row that it needs could not be parsed.

    This is a bug in our code, even if the driver raises the same error for a lost connection.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error
