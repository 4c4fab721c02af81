"""COPY's text format, as in PostgreSQL's manual: fields between tabs, backslash escapes, `\\N` for NULL.

A line `\\.` ends a table. Callers must check for it before they call `fields`.
"""

import re

from pocketpay.importing.lines import text

END = b"\\."

_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_FIELD = re.compile(rb"(?:[^\t\\]|\\.|\\$)*", re.DOTALL)


def fields(line: bytes) -> list[str | None]:
    """Returns the fields of one row, None for NULL. Raises UnreadableLine when a field is not text."""
    if b"\\" not in line:
        return list(text(line).split("\t"))
    return [None if raw == b"\\N" else text(_plain(raw)) for raw in _split(line)]


def _split(line: bytes) -> list[bytes]:
    """Splits a line at its tabs, except at a tab after a backslash, which is part of a field."""
    cut, start = [], 0
    while True:
        found = _FIELD.match(line, start)
        end = len(line) if found is None else found.end()
        cut.append(line[start:end])
        if end >= len(line):
            return cut
        start = end + 1


def _plain(raw: bytes) -> bytes:
    return _ESCAPE.sub(_unescaped, raw) if b"\\" in raw else raw


def _unescaped(escape: "re.Match[bytes]") -> bytes:
    """Returns the bytes of an escape. Octal and hexadecimal escapes are bytes, not characters; any letter without a
    special meaning is itself."""
    code = escape[1]
    if code[:1].isdigit() and code[0] < ord("8"):
        return bytes([int(code, 8) & 0xFF])
    if code[:1] == b"x" and len(code) > 1:
        return bytes([int(code[1:], 16)])
    return _LETTERS.get(code, code)
