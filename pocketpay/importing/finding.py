"""A finding: an error or a note about one line of an export."""

from dataclasses import dataclass
from enum import StrEnum

from pocketpay.text.characters import is_printable

LONGEST_SHOWN = 40


class Severity(StrEnum):
    """A person with a WRONG finding is not imported; a person with only a NOTE is imported."""

    WRONG = "wrong"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """An error or a note about a line.

    `problem` is the message without its subject, the field's name; `shown` is the value in printable form. `n` is the
    person's number in the dry run, None when the line belongs to nobody. The report shows the first free one of
    `suggestions`.
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
    """Returns an untrusted text in a form that is safe to print: cut to forty characters, with unprintable characters
    escaped."""
    cut = value[:LONGEST_SHOWN]
    seen = "".join(char if is_printable(char) else char.encode("unicode_escape").decode("ascii") for char in cut)
    return f'"{seen}…"' if len(value) > LONGEST_SHOWN else f'"{seen}"'
