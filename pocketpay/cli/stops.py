"""What a process does when it is told to stop, by SIGTERM or by SIGINT (ctrl-C).

    starting    the first signal raises SystemExit: what has been started is stopped on the way out
    running     each signal is given to the event loop; `serve` and `workers` say what it does there
    closing     signals are ignored: the process is already ending

While a server runs, the first signal lets it finish and the second cuts it off: nothing more is waited for, the
embedded PostgreSQL is stopped if this was its last process, and the exit code is 128 + the signal's number.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

STOPS = (signal.SIGTERM, signal.SIGINT)


class CutOff(SystemExit):
    """A second signal ended the process before it had finished."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.exit_code = 128 + number


def leave_on_stops(exit_code: int) -> None:
    """From now on the first signal raises SystemExit with `exit_code`; later ones do not interrupt that exit."""
    leaving = False

    def leave(*_: object) -> None:
        nonlocal leaving
        if not leaving:
            leaving = True
            raise SystemExit(exit_code)

    _handle(leave)


@contextmanager
def stops_given_to(react: Callable[[int], None]) -> Iterator[None]:
    """Calls `react` in the running event loop with the number of each signal; ignores signals after the block."""
    loop = asyncio.get_running_loop()
    _handle(lambda number, _: loop.call_soon_threadsafe(react, number))
    try:
        yield
    finally:
        ignore_stops()


def ignore_stops() -> None:
    """From now on signals change nothing: what is still open is being closed."""
    # Not SIG_IGN: Python complains on stderr about a signal that arrives while its handler is replaced by that.
    _handle(lambda *_: None)


@contextmanager
def ended_when_cut_off() -> Iterator[None]:
    """Ends the process after a CutOff, without the interpreter's own clean-up, which reports tasks that still run."""
    try:
        yield
    except CutOff as cut_off:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(cut_off.exit_code)


def _handle(handler: Callable[[int, FrameType | None], object]) -> None:
    for number in STOPS:
        signal.signal(number, handler)
