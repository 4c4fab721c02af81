"""Reads a plain dump of pg_dump: the COPY blocks of the tables that we read. Nothing in it is ever executed.

outside of every statement    COPY auth.users (id, email, …) FROM stdin;     its rows are read, until the line `\\.`
                              COPY of another table                          is skipped
                              INSERT INTO auth.users …                       is refused: dump again with COPY
inside a string or a body     everything is text, even if it looks like a statement
"""

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from pocketpay.importing import copy_text
from pocketpay.importing.lines import Lines, UnreadableLine, text
from pocketpay.importing.row import ExportUnreadable, Layout, Row, Table, UnreadableRow
from pocketpay.importing.statements import Statements

_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[A-Za-z_][\w$]*)'
_HEAD = re.compile(rf"COPY\s+((?:{_IDENTIFIER}\.)?{_IDENTIFIER})\s*\((.*)\)\s+FROM\s+stdin;\s*", re.IGNORECASE)
_INSERT = re.compile(rf"INSERT\s+INTO\s+((?:{_IDENTIFIER}\.)?{_IDENTIFIER})", re.IGNORECASE)
_COPY = re.compile(r"COPY\b", re.IGNORECASE)
_ENCODING = re.compile(r"SET\s+client_encoding\s*(?:=|TO)\s*'?([\w-]+)'?", re.IGNORECASE)
_NAME = re.compile(_IDENTIFIER)

READ = {table.value: table for table in Table}


def rows(file: BinaryIO, where: str, advance: Callable[[int], None]) -> Iterator[Row | UnreadableRow]:
    """Yields the rows of the tables that we read. Raises ExportUnreadable for a dump that is incomplete or of another
    format."""
    lines, statements, seen = Lines(file, advance), Statements(), False
    while (line := _line(lines, where)) is not None:
        if statements.between and line[:1] in "CcIiSs":
            head = _head(line, f"{where}:{lines.number}")
            if head is not None:
                seen = seen or head.table is Table.USERS
                yield from _block(lines, head, where)
                continue
            if _COPY.match(line):
                if not lines.skip_until(copy_text.END):
                    raise ExportUnreadable(f"{where} ends in the middle of a table: the dump is incomplete.")
                continue
        statements.follow(line)
    if not seen:
        raise ExportUnreadable(f"{where} has no rows of auth.users: dump schemas auth and public with their data.")


def _line(lines: Lines, where: str) -> str | None:
    try:
        line = lines.next()
        return None if line is None else text(line)
    except UnreadableLine as error:
        raise ExportUnreadable(
            f"{where}:{lines.number}: outside of every table's data, a line {error}: give a plain dump, in UTF-8."
        ) from None


def _head(line: str, where: str) -> Layout | None:
    """Returns the layout of the COPY block that this line begins, or None when it begins none that we read."""
    encoding = _ENCODING.match(line)
    if encoding is not None and encoding[1].upper().replace("-", "") not in ("UTF8", "UNICODE"):
        raise ExportUnreadable(f"{where}: the dump is in {encoding[1][:20]}: dump again with --encoding=UTF8.")
    insert = _INSERT.match(line)
    if insert is not None and _plain_name(insert[1]) in READ:
        raise ExportUnreadable(
            f"{where}: the dump was made with INSERTs: dump again without --inserts "
            "(with Supabase's own tool: `supabase db dump --data-only --use-copy`)."
        )
    head = _HEAD.fullmatch(line)
    if head is None or (table := READ.get(_plain_name(head[1]))) is None:
        return None
    return Layout.of(table, [_plain_name(name) for name in _NAME.findall(head[2])], where)


def _plain_name(written: str) -> str:
    """Returns the name without quotes: `"auth"."users"` and `auth.users` are the same name."""
    return ".".join(
        name[1:-1].replace('""', '"') if name.startswith('"') else name.lower() for name in _NAME.findall(written)
    )


def _block(lines: Lines, layout: Layout, where: str) -> Iterator[Row | UnreadableRow]:
    """Yields the rows of one COPY block, up to its end."""
    while True:
        try:
            line = lines.next()
            if line == copy_text.END:
                return
            if line is None:
                raise ExportUnreadable(f"{where} ends in the middle of {layout.table.value}: the dump is incomplete.")
            fields = copy_text.fields(line)
        except UnreadableLine as error:
            yield UnreadableRow(layout.table, lines.number, str(error), lines.number)
            continue
        if len(fields) == layout.width:
            yield Row(layout.table, lines.number, layout.fields(fields))
        else:
            problem = f"has {len(fields):,} columns where the table has {layout.width:,}"
            yield UnreadableRow(layout.table, lines.number, problem, lines.number)
