"""How far a unit of work came: what an error means depends on it."""

from dataclasses import dataclass

from pocketpay.clearing.outcome import Result


@dataclass(slots=True)
class Progress:
    """An error while deciding is a bug of ours, and only a unit that was committing its results may have happened.
    A lock that was waited for too long was an account's unless the accounts were `locked` by then."""

    locked: bool = False
    deciding: bool = False
    results: list[Result] | None = None
