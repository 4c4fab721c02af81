"""Handles signals that stop a benchmark: the first one ends it in order, so that its processes and files are removed.

Outside an event loop, a signal raises SystemExit. Inside one, it cancels the running task, because an exception from
a signal handler would be raised in an arbitrary callback of the loop.
"""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

T = TypeVar("T")

_exit_code = 0
_running: tuple[asyncio.AbstractEventLoop, "asyncio.Task[Any]"] | None = None


def exit_on_signals() -> None:
    """Makes the first signal end this process in order. Later signals are ignored."""
    for number in STOP_SIGNALS:
        signal.signal(number, _exit)


def ignore_signals() -> None:
    """Makes this process ignore the signals, so that they do not interrupt the cleanup."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine on a new event loop and returns its result.

    Raises the first exception of an ExceptionGroup, and SystemExit when a signal stopped it.
    """
    global _running

    async def started() -> T:
        global _running
        task = asyncio.current_task()
        assert task is not None
        _running = asyncio.get_running_loop(), task
        return await work

    try:
        done = uvloop.run(started())
    except asyncio.CancelledError:
        raise SystemExit(_exit_code) from None
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    finally:
        _running = None
    if _exit_code:  # the coroutine finished before it could be cancelled
        raise SystemExit(_exit_code)
    return done


def _exit(number: int, _: object) -> None:
    global _exit_code
    ignore_signals()
    _exit_code = 128 + number
    if _running is None:
        raise SystemExit(_exit_code)
    loop, task = _running
    loop.call_soon_threadsafe(task.cancel)
