"""Signals that ask a benchmark to stop: it unwinds once, so that what it started is stopped and removed.

Between event loops a signal raises SystemExit. Within one it cancels what runs there: an exception from a signal
would otherwise come up in any callback of the loop and be taken for that callback's failure.
"""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

T = TypeVar("T")

_exit_code = 0
_running: tuple[asyncio.AbstractEventLoop, "asyncio.Task[Any]"] | None = None


def leave_on_signals() -> None:
    """From now on the first signal unwinds this process and the next ones are ignored."""
    for number in STOPS:
        signal.signal(number, _leave)


def ignore_signals() -> None:
    """From now on nothing cuts the cleaning up."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs it on an event loop of its own. Of several failures at once it raises the first; stopped, SystemExit."""
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
    if _exit_code:  # it was done before it could be cancelled
        raise SystemExit(_exit_code)
    return done


def _leave(number: int, _: object) -> None:
    global _exit_code
    ignore_signals()
    _exit_code = 128 + number
    if _running is None:
        raise SystemExit(_exit_code)
    loop, task = _running
    loop.call_soon_threadsafe(task.cancel)
