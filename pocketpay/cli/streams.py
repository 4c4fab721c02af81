"""Output that works on any terminal and after the reader of a pipe has closed it.

encoding    a character that the terminal's encoding does not have is written as its escape, such as \\xe9
closed pipe what is written after the reader has closed the pipe (`pocketpay ... | head -1`) is dropped, without an
            error: the command finishes its work, and its exit code says how the work ended
closed file a process that was started without stdin, stdout or stderr gets /dev/null, so that no connection or file
            is opened under these numbers
"""

import io
import os
import sys
from typing import TextIO

_failures: dict[int, OSError] = {}


class _Tolerant(io.FileIO):
    """A file that drops further output when its reader has closed the pipe, or when the disk is full."""

    # `data` is any buffer. Python 3.11 has no type for one, so it is an object here.
    def write(self, data: object, /) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                _failures[self.fileno()] = error
            _drop(self.fileno())
            return memoryview(data).nbytes  # type: ignore[arg-type]


def failure() -> str | None:
    """Returns why stdout could not be written, such as a full disk, or None."""
    error = _failures.get(1)
    return None if error is None else os.strerror(error.errno or 0)


def protect() -> None:
    """Replaces `sys.stdout` and `sys.stderr` by streams that accept every character and a closed pipe."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the system gives it the lowest free number, which is this one
    sys.stdout = _protected(sys.stdout, 1, buffered=True)
    sys.stderr = _protected(sys.stderr, 2, buffered=False)


def _drop(number: int) -> None:
    """Redirects the file descriptor to /dev/null."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


def _protected(stream: TextIO | None, number: int, *, buffered: bool) -> io.TextIOWrapper:
    if stream is not None:
        stream.flush()
    raw = _Tolerant(number, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw) if buffered else io.BufferedWriter(raw, buffer_size=1),
        encoding=getattr(stream, "encoding", None),
        errors="backslashreplace",
        line_buffering=not buffered or raw.isatty(),
        write_through=not buffered,
    )
