"""What there is to say about one line of an export."""

from dataclasses import dataclass
from enum import StrEnum

from pocketpay.text.characters import is_printable

LONGEST_SHOWN = 40


class Severity(StrEnum):
    """WRONG keeps the person out; a NOTE does not."""

    WRONG = "wrong"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a line. `problem` follows the field's name; `shown` is the value, fit to be printed.

    `n` is the person's number in the dry run, None when the line is nobody's. Of `suggestions` the first that is free
    is told.
    """

    part: int
    line: int
    severity: Severity
    field: str
    problem: str
    n: int | None = None
    shown: str = ""
    suggestions: tuple[str, ...] = ()


def shown(value: str) -> str:
    """A stranger's text as it may stand on a terminal: what cannot be seen written out, cut to forty characters."""
    cut = value[:LONGEST_SHOWN]
    seen = "".join(char if is_printable(char) else char.encode("unicode_escape").decode("ascii") for char in cut)
    return f'"{seen}…"' if len(value) > LONGEST_SHOWN else f'"{seen}"'
