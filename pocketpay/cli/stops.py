"""How a process reacts to SIGTERM and SIGINT (ctrl-C), its stop signals.

    starting    the first signal raises SystemExit: everything that was started is stopped during the exit
    running     each signal is passed to the event loop; `serve` and `workers` decide what it does there
    closing     signals are ignored: the process is already ending

While a server runs, the first signal lets it finish its open requests. A second signal cuts it off: it no longer
waits, it stops the embedded PostgreSQL if this was its last process, and the exit code is 128 + the signal's number.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class CutOff(SystemExit):
    """A second signal ended the process before it had finished."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.exit_code = 128 + number


def exit_on_stop_signal(exit_code: int | None = None) -> None:
    """Makes the first signal raise SystemExit with `exit_code`. The default is 128 + the signal's number, as in a
    shell. Later signals do not interrupt that exit."""
    leaving = False

    def leave(number: int, _: object) -> None:
        nonlocal leaving
        if not leaving:
            leaving = True
            raise SystemExit(128 + number if exit_code is None else exit_code)

    _handle(leave)


@contextmanager
def handle_stop_signals(react: Callable[[int], None]) -> Iterator[None]:
    """During the block, calls `react` in the running event loop with the number of each signal. Signals after the
    block are ignored."""
    loop = asyncio.get_running_loop()
    _handle(lambda number, _: loop.call_soon_threadsafe(react, number))
    try:
        yield
    finally:
        ignore_stop_signals()


def ignore_stop_signals() -> None:
    """Ignores signals from now on, while the process closes."""
    # Not SIG_IGN: Python prints an error when a signal arrives while its handler is replaced by SIG_IGN.
    _handle(lambda *_: None)


@contextmanager
def exit_when_cut_off() -> Iterator[None]:
    """Ends the process after a CutOff without the interpreter's clean-up, which would report tasks that still run."""
    try:
        yield
    except CutOff as cut_off:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(cut_off.exit_code)


def _handle(handler: Callable[[int, FrameType | None], object]) -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, handler)
