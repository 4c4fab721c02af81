"""Faults of the next requests, as a control endpoint orders them.

delay          waits, then answers
delay_answer   does it, waits, then answers
drop           closes the connection and does nothing
drop_answer    does it, then closes the connection
rate_limit     answers 429 and does nothing
error          answers 500 and does nothing; the key is not saved
error_saved    answers 500 and does nothing; a repetition of the key gets the same 500
error_answer   does it and answers 500; a repetition of the key gets the true answer
error_after    does it and answers 500; a repetition of the key gets the same 500
"""

import fnmatch
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    DELAY = "delay"
    DELAY_ANSWER = "delay_answer"
    DROP = "drop"
    DROP_ANSWER = "drop_answer"
    RATE_LIMIT = "rate_limit"
    ERROR = "error"
    ERROR_SAVED = "error_saved"
    ERROR_ANSWER = "error_answer"
    ERROR_AFTER = "error_after"


class Dropped(BaseException):
    """The connection is closed without an answer. Starlette would answer an Exception with 500."""


@dataclass
class Ordered:
    """A fault for the next `times` requests that match, for example "POST /v1/transfers*"."""

    fault: Fault
    match: str = "*"
    times: int = 1
    seconds: float = 0.0


@dataclass
class Faults:
    """The ordered faults. They are not stored: a killed process forgets them."""

    ordered: list[Ordered] = field(default_factory=list)
    met: Counter[Fault] = field(default_factory=Counter)

    def next(self, method: str, path: str) -> Ordered | None:
        """Returns the fault of this request, and counts it."""
        for one in self.ordered:
            if one.times > 0 and fnmatch.fnmatchcase(f"{method} {path}", one.match):
                one.times -= 1
                self.ordered = [left for left in self.ordered if left.times > 0]
                self.met[one.fault] += 1
                return one
        return None
