"""How far a unit of work came: what an error means depends on it."""

from collections.abc import Sequence
from dataclasses import dataclass

from pocketpay.clearing.outcome import Result
from pocketpay.ledger.account import Account


@dataclass(slots=True)
class Progress:
    """An error while deciding is a bug of ours, and only a unit that was committing its results may have happened.
    A lock that was waited for too long was an account's unless the accounts were `locked` by then. `ahead` are the
    accounts that were ahead of the clock: the instructions that need them have no result."""

    locked: bool = False
    deciding: bool = False
    ahead: Sequence[Account] = ()
    results: list[Result | None] | None = None
