"""Plain tables: one line for each row, with aligned columns, for people and for programs that read lines."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

NONE = "-"

Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Maximum number of rows.")]


def lines(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Yields the head and the rows as lines. A cell that is None or empty is a dash. Nothing is cut off."""
    from pocketpay.text.characters import is_printable

    def cell(value: object) -> str:
        # "?" for each unprintable character, because a terminal would execute control characters.
        return "".join(char if is_printable(char) else "?" for char in _text(value)) or NONE

    shown = [list(head), *([cell(value) for value in row] for row in rows)]
    widths = [max(len(row[place]) for row in shown) for place in range(len(head))]
    for row in shown:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def _text(value: object) -> str:
    """Returns a cell as text: a time in UTC to the second, a bool as a word, facts as `name=value`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, dict):
        return " ".join(f"{name}={one}" for name, one in value.items())
    return str(value)
