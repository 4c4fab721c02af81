"""Reads a CSV file with a header, as `\\copy … csv header` and Supabase's editor write it: UTF-8, commas, doubled
quotes.

An empty field is NULL. The word NULL or null, which some tools write, is NULL too. A line with only commas, which
spreadsheets leave at the end, is ignored. The table of a file is recognised by its columns, not by its name.
"""

import csv
from collections.abc import Callable, Iterator
from typing import BinaryIO

from pocketpay.importing.lines import MAX_BYTES, Lines, UnreadableLine, text
from pocketpay.importing.row import MAX_COLUMNS, ExportUnreadable, Layout, Row, Table, UnreadableRow

MAX_FIELD = 65_536
"""In characters, for one field. It bounds how much is read after a quote that is never closed."""

NOTHING = ("", "NULL", "null")


class _Texts:
    """An iterator of text lines for the CSV reader of the standard library. Reading can continue after an error."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def __iter__(self) -> "_Texts":
        return self

    def __next__(self) -> str:
        line = self._lines.next()
        if line is None:
            raise StopIteration
        return text(line) + "\n"


def rows(file: BinaryIO, where: str, advance: Callable[[int], None]) -> Iterator[Row | UnreadableRow]:
    """Yields the rows of the file's table. Raises ExportUnreadable when it is not a table that we read."""
    csv.field_size_limit(MAX_FIELD)
    lines = Lines(file, advance)
    reader = csv.reader(_Texts(lines), strict=True)
    layout = _layout(reader, where)
    while True:
        first = lines.number + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except UnreadableLine as error:
            yield UnreadableRow(layout.table, first, _with_lines(str(error), first, lines.number), lines.number)
            continue
        except csv.Error:
            problem = _with_lines(
                "has a quote that is not closed, or one in the middle of a value", first, lines.number
            )
            yield UnreadableRow(layout.table, first, problem, lines.number)
            continue
        if len(values) <= MAX_COLUMNS and not any(values):
            continue
        if len(values) == layout.width:
            yield Row(layout.table, first, layout.fields([None if value in NOTHING else value for value in values]))
        else:
            problem = f"has {len(values):,} columns where the first line has {layout.width:,}"
            yield UnreadableRow(layout.table, first, problem, lines.number)


def _layout(reader: "Iterator[list[str]]", where: str) -> Layout:
    try:
        head = next(reader)
    except StopIteration:
        raise ExportUnreadable(f"{where} is empty.") from None
    except (UnreadableLine, csv.Error) as error:
        problem = error if isinstance(error, UnreadableLine) else "is not CSV"
        raise ExportUnreadable(f"{where}:1: the line of the columns' names {problem}.") from None
    names = [name.strip().lower() for name in head]
    return Layout.of(_table(names, where), names, f"{where}:1")


def _table(names: list[str], where: str) -> Table:
    """Recognises the table by its columns."""
    has = set(names)
    if "encrypted_password" in has:
        return Table.USERS
    if {"wallet_id", "amount"} <= has:
        return Table.ENTRIES
    if "username" in has:
        return Table.PROFILES
    if has & {"balance", "balance_cents", "currency"} and has & {"user_id", "profile_id", "owner_id"}:
        return Table.WALLETS
    other = next((mark for mark in ";\t|" if len(names) == 1 and mark in names[0]), None)
    if other is not None:
        raise ExportUnreadable(f"{where}:1: the columns are separated by {other!r}. Export it with commas.")
    raise ExportUnreadable(
        f"{where}:1: these are not the columns of auth.users (id, encrypted_password, …), of profiles "
        "(id, username, …), of wallets (user_id, balance, …) or of ledger entries (wallet_id, amount, …)."
    )


def _with_lines(problem: str, first: int, last: int) -> str:
    return problem if last <= first else f"{problem}; lines {first:,} to {last:,} were not read"


assert MAX_FIELD < MAX_BYTES  # noqa: S101 - a field must reach its limit before its line does
