"""A file of any size, line by line: numbered, bounded, and counted for whoever watches."""

import codecs
from collections.abc import Callable
from typing import BinaryIO

MOST_BYTES = 1_048_576
"""Of one line: far above any person's, and what one hostile line may cost in memory."""


class LineSpoiled(Exception):
    """A line that is not text that can be kept."""


class Lines:
    """The lines of a file without their ends; `number` is that of the last one given, from 1 on."""

    def __init__(self, file: BinaryIO, advance: Callable[[int], None]) -> None:
        self._file = file
        self._advance = advance
        self.number = 0

    def next(self) -> bytes | None:
        """The next line, or None after the last. Raises LineSpoiled for one that is too long, having passed it."""
        line = self._file.readline(MOST_BYTES + 1)
        if not line:
            return None
        self.number += 1
        self._advance(len(line))
        if self.number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if len(line) > MOST_BYTES and not line.endswith(b"\n"):
            self._pass()
            raise LineSpoiled(f"is longer than {MOST_BYTES:,} bytes")
        return line.removesuffix(b"\n").removesuffix(b"\r")

    def pass_until(self, end: bytes) -> bool:
        """Goes past lines of any length until one that is `end`; False when the file ends before."""
        while True:
            try:
                line = self.next()
            except LineSpoiled:
                continue
            if line is None or line == end:
                return line is not None

    def _pass(self) -> None:
        while True:
            more = self._file.readline(MOST_BYTES)
            self._advance(len(more))
            if not more or more.endswith(b"\n"):
                return


def text(line: bytes) -> str:
    """The line as text. Raises LineSpoiled for what is not UTF-8 or has a NUL character, which no database keeps."""
    if b"\0" in line:
        raise LineSpoiled("has a NUL character")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise LineSpoiled("is not UTF-8 text") from None
