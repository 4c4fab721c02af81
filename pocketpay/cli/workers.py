"""Several server processes on one port: one supervisor keeps them alive and takes no request itself.

Each worker is a whole server (`pocketpay worker`) with the listening socket inherited. A socket pair joins it to the
supervisor: the worker writes one byte when it serves, and either side sees the other's death as its end.
"""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable

import structlog

from pocketpay.cli.serve import cut_later
from pocketpay.cli.stops import CutOff, stops_given_to
from pocketpay.errors import PocketPayError

FINISH_SECONDS = 8.0
RESTART_SECONDS = 0.5
"""Between a worker's death and its successor: one that cannot start must not take the machine with it."""

log = structlog.get_logger(__name__)


class WorkerFailed(PocketPayError):
    """A worker ended before it served."""


class Supervisor:
    """Keeps `count` workers serving on one socket."""

    def __init__(self, count: int, listening: socket.socket) -> None:
        self._count = count
        self._listening = listening
        self._processes: set[asyncio.subprocess.Process] = set()
        self._stopping = asyncio.Event()
        self._cut_off_by: int | None = None
        self._started = 0

    async def run(self, when_started: Callable[[], None]) -> None:
        """Serves until told to stop. Raises WorkerFailed when one does not come up at the start.

        A second signal kills the workers and raises CutOff.
        """
        with stops_given_to(self._told):
            keepers = [asyncio.create_task(self._keep(when_started)) for _ in range(self._count)]
            try:
                await asyncio.gather(*keepers)
            finally:
                self._stop()
                await asyncio.wait(keepers, timeout=FINISH_SECONDS)
                self._send(signal.SIGKILL)
        if self._cut_off_by is not None:
            raise CutOff(self._cut_off_by)

    async def _keep(self, when_started: Callable[[], None]) -> None:
        """One worker after another, until the stop."""
        while not self._stopping.is_set():
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            with ours:
                with theirs:
                    process = await self._spawn(theirs)
                self._processes.add(process)
                if self._stopping.is_set():  # the signal came while this process was being started
                    self._send(signal.SIGTERM if self._cut_off_by is None else signal.SIGKILL)
                if await _serves(ours):
                    self._started += 1
                    if self._started == self._count:
                        when_started()
                elif self._started < self._count and not self._stopping.is_set():
                    raise WorkerFailed("A worker process did not start. Its output is above.")
                code = await process.wait()
                self._processes.discard(process)
            if not self._stopping.is_set():
                log.warning("worker_died", pid=process.pid, code=code)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), RESTART_SECONDS)

    async def _spawn(self, theirs: socket.socket) -> asyncio.subprocess.Process:
        files = (self._listening.fileno(), theirs.fileno())
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "pocketpay", "worker", *map(str, files)),
            pass_fds=files,
            start_new_session=True,  # a ctrl-C is the supervisor's to hear
        )

    def _told(self, number: int) -> None:
        if self._stopping.is_set():
            self._cut_off_by = number
            self._send(signal.SIGKILL)
        self._stop()

    def _stop(self) -> None:
        if self._stopping.is_set():
            return
        self._stopping.set()
        cut_later()
        self._listening.close()
        self._send(signal.SIGTERM)

    def _send(self, number: signal.Signals) -> None:
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)


async def _serves(worker: socket.socket) -> bool:
    """Waits for the worker's word that it serves; False when it ended without."""
    with contextlib.suppress(ConnectionError):
        return bool(await asyncio.get_running_loop().sock_recv(worker, 1))
    return False
