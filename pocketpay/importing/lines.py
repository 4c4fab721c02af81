"""Reads a file of any size line by line. Lines are numbered and limited in length; progress is reported."""

import codecs
from collections.abc import Callable
from typing import BinaryIO

MAX_BYTES = 1_048_576
"""The maximum length of one line. The line of a person is far shorter; the limit bounds the memory that a hostile
line can use."""


class UnreadableLine(Exception):
    """A line is too long, or is not text that can be stored."""


class Lines:
    """The lines of a file without line ends. `number` is the number of the last returned line, from 1."""

    def __init__(self, file: BinaryIO, advance: Callable[[int], None]) -> None:
        self._file = file
        self._advance = advance
        self.number = 0

    def next(self) -> bytes | None:
        """Returns the next line, or None after the last. Skips a line that is too long, and raises UnreadableLine."""
        line = self._file.readline(MAX_BYTES + 1)
        if not line:
            return None
        self.number += 1
        self._advance(len(line))
        if self.number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if len(line) > MAX_BYTES and not line.endswith(b"\n"):
            self._skip()
            raise UnreadableLine(f"is longer than {MAX_BYTES:,} bytes")
        return line.removesuffix(b"\n").removesuffix(b"\r")

    def skip_until(self, end: bytes) -> bool:
        """Skips lines of any length up to the line `end`. Returns False when the file ends before."""
        while True:
            try:
                line = self.next()
            except UnreadableLine:
                continue
            if line is None or line == end:
                return line is not None

    def _skip(self) -> None:
        while True:
            more = self._file.readline(MAX_BYTES)
            self._advance(len(more))
            if not more or more.endswith(b"\n"):
                return


def text(line: bytes) -> str:
    """Decodes a line. Raises UnreadableLine when it is not UTF-8, or has a NUL, which PostgreSQL cannot store."""
    if b"\0" in line:
        raise UnreadableLine("has a NUL character")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableLine("is not UTF-8 text") from None
