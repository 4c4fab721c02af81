"""Several server processes on one port. A supervisor restarts workers that end; it accepts no requests itself.

Each worker is a whole server (`pocketpay worker`) that inherits the listening socket. A socket pair connects it to
the supervisor: the worker writes one byte when it is ready, and each side detects the end of the other by
end-of-file. A second pair is for the metrics, which the supervisor adds up (`serving/exchange.py`). The numbers of
open connections are in shared memory: each new connection goes to a worker that has the fewest (decision 53).
"""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable

import structlog

from pocketpay.cli.serve import CUT_SECONDS, exit_later
from pocketpay.cli.stops import CutOff, handle_stop_signals
from pocketpay.database.connection_count import Sizes
from pocketpay.errors import PocketPayError
from pocketpay.serving.connections.worker_counts import WorkerCounts
from pocketpay.serving.exchange import SupervisorExchange

FINISH_SECONDS = 8.0
RESTART_SECONDS = 0.5
"""The wait between the end of a worker and the start of the next, so that a worker that cannot start does not use up
the processor."""

log = structlog.get_logger(__name__)


class WorkerFailed(PocketPayError):
    """A worker ended before it was ready."""


class Supervisor:
    """Keeps `count` workers serving on one socket, each with `sizes` connections to the database.

    When it is stopped, each worker drains for `drain_seconds`.
    """

    def __init__(self, count: int, listening: socket.socket, sizes: Sizes, *, drain_seconds: float) -> None:
        self._count, self._sizes, self._drain_seconds = count, sizes, drain_seconds
        self._listening = listening
        self._processes: set[asyncio.subprocess.Process] = set()
        self._stopping = asyncio.Event()
        self._cut_off_by: int | None = None
        self._started = 0
        self._exchange = SupervisorExchange(count)
        self._counts = WorkerCounts(count)

    async def run(self, when_started: Callable[[], None]) -> None:
        """Serves until a signal stops it. Raises WorkerFailed when a worker does not start at the beginning.

        A second signal kills the workers and raises CutOff.
        """
        with handle_stop_signals(self._on_stop):
            keepers = [
                asyncio.create_task(self._keep_worker_running(place, when_started)) for place in range(self._count)
            ]
            try:
                await asyncio.gather(*keepers)
            finally:
                self._stop()
                await asyncio.wait(keepers, timeout=self._drain_seconds + FINISH_SECONDS)
                self._send(signal.SIGKILL)
        if self._cut_off_by is not None:
            raise CutOff(self._cut_off_by)

    async def _keep_worker_running(self, place: int, when_started: Callable[[], None]) -> None:
        """Runs one worker, and a new one each time it ends, until the stop."""
        while not self._stopping.is_set():
            parent_end, worker_end = socket.socketpair()
            metrics_end, worker_metrics_end = socket.socketpair()
            parent_end.setblocking(False)
            with parent_end:
                with worker_end, worker_metrics_end:
                    process = await self._spawn(place, worker_end, worker_metrics_end)
                exchanging = asyncio.create_task(self._exchange.serve(str(place + 1), metrics_end))
                self._processes.add(process)
                if self._stopping.is_set():  # the signal came while this process was being started
                    self._send(signal.SIGTERM if self._cut_off_by is None else signal.SIGKILL)
                if await _wait_until_ready(parent_end):
                    self._started += 1
                    if self._started == self._count:
                        when_started()
                elif self._started < self._count and not self._stopping.is_set():
                    raise WorkerFailed("A worker process did not start. Its output is above.")
                code = await process.wait()
                self._counts.leave(place)
                self._processes.discard(process)
            exchanging.cancel()
            await asyncio.wait({exchanging})
            if not self._stopping.is_set():
                self._exchange.restarts += 1
                log.warning("worker_ended", pid=process.pid, code=code)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), RESTART_SECONDS)

    async def _spawn(
        self, place: int, worker_end: socket.socket, metrics_end: socket.socket
    ) -> asyncio.subprocess.Process:
        files = (self._listening.fileno(), worker_end.fileno(), metrics_end.fileno(), self._counts.file)
        numbers = (self._count, place, self._sizes.readers, self._sizes.writers, self._sizes.lanes)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "pocketpay", "worker", *map(str, (*files, *numbers))),
            pass_fds=files,
            start_new_session=True,  # only the supervisor receives a ctrl-C
        )

    def _on_stop(self, number: int) -> None:
        if not self._stopping.is_set():
            log.info("server_stopping", signal=signal.Signals(number).name)
        if self._stopping.is_set():
            self._cut_off_by = number
            self._send(signal.SIGKILL)
        self._stop()

    def _stop(self) -> None:
        if self._stopping.is_set():
            return
        self._stopping.set()
        exit_later(self._drain_seconds + CUT_SECONDS)
        self._listening.close()  # the last worker that closes the socket accepts the connections that wait
        self._send(signal.SIGTERM)

    def _send(self, number: signal.Signals) -> None:
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)


async def _wait_until_ready(worker: socket.socket) -> bool:
    """Waits until the worker reports that it is ready. Returns False when the worker ends first."""
    with contextlib.suppress(ConnectionError):
        return bool(await asyncio.get_running_loop().sock_recv(worker, 1))
    return False
