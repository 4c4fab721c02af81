"""Plain tables: one line for each row, with aligned columns, for people and for programs that read lines."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from pocketpay.text.characters import is_printable

NONE = "-"

Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Maximum number of rows.")]


def lines(head: Sequence[str], rows: Sequence[Sequence[str | None]]) -> Iterator[str]:
    """Yields the head and the rows as lines. A cell that is None or empty is a dash. Nothing is cut off."""
    shown = [list(head), *([_cell(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in shown) for place in range(len(head))]
    for row in shown:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cell(text: str | None) -> str:
    """Returns the text with "?" for each unprintable character, because a terminal would obey control characters."""
    return "".join(char if is_printable(char) else "?" for char in text) if text else NONE


def show(head: Sequence[str], rows: Sequence[Sequence[str | None]]) -> None:
    """Prints the table."""
    for line in lines(head, rows):
        typer.echo(line)


def time(moment: datetime | None) -> str | None:
    """Returns the time in UTC, to the second."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
