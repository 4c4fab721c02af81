"""Accepts connections from a socket that several workers share, so that each has as many as the others (decision 53).

    a connection waits ─► does another worker have fewer? ─ no ─► this worker accepts it
                             └ yes: this worker leaves it to the others. It accepts the connection when it no longer
                               has more than they have, or after 2 ms, because they are busy

So a worker that is blocked or has just died delays a connection by 2 ms, and loses none.
"""

import asyncio
import socket
from collections.abc import Callable

import structlog

from pocketpay.serving.connections.connections import Connections
from pocketpay.serving.connections.worker_counts import OwnCount

PATIENCE_SECONDS = 0.002
"""How long a connection is left to another worker: longer than most turns of an event loop, and not noticed."""

ERROR_SECONDS = 1.0
"""The wait after an error of the operating system, for example because too many files are open."""

MAX_PER_LOOP_TURN = 64

SHARE_AFTER_PATIENCE = 32
"""After the wait, a worker accepts one connection for each so many that it has, and at least one."""

log = structlog.get_logger(__name__)


class Acceptor:
    """Accepts connections from one listening socket, in place of the event loop's server, whose methods it has."""

    def __init__(
        self,
        listening: socket.socket,
        connections: Connections,
        count: OwnCount,
        create_protocol: Callable[[], asyncio.Protocol],
    ) -> None:
        self._listening, self._connections, self._count = listening, connections, count
        self._create_protocol = create_protocol
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        listening.setblocking(False)
        connections.on_released = self._look_again
        self._watch()

    def close(self) -> None:
        """Accepts no further connection, and closes the listening socket in this process."""
        if self._closed:
            return
        self._closed = True
        if self._timer is None:
            self._loop.remove_reader(self._listening)
        else:
            self._timer.cancel()
        self._listening.close()

    async def wait_closed(self) -> None:
        """Waits until each accepted connection has its protocol."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _watch(self) -> None:
        self._timer = None
        self._loop.add_reader(self._listening, self._on_readable)

    def _on_readable(self) -> None:
        if self._count.others_have_fewer():
            self._wait(PATIENCE_SECONDS, self._accept_anyway)
            return
        for _ in range(MAX_PER_LOOP_TURN):
            if not self._accept() or self._count.others_have_fewer():
                return

    def _look_again(self) -> None:
        """Called when this worker has one connection less: perhaps it has no longer more than another."""
        if self._timer is not None and not self._closed and not self._count.others_have_fewer():
            self._timer.cancel()
            self._watch()

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        """Does not look at the socket until then."""
        self._loop.remove_reader(self._listening)
        self._timer = self._loop.call_later(seconds, then)

    def _accept_anyway(self) -> None:
        self._watch()
        for _ in range(1 + self._connections.expected // SHARE_AFTER_PATIENCE):
            if not self._accept():
                return

    def _accept(self) -> bool:
        """Accepts one connection. Returns False when none waits, or none can be accepted."""
        try:
            client, _ = self._listening.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False
        except OSError as error:
            log.warning("connection_not_accepted", error=repr(error))
            self._wait(ERROR_SECONDS, self._watch)
            return False
        client.setblocking(False)
        self._connections.expect(1)
        task = self._loop.create_task(self._connect(client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _connect(self, client: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._create_protocol, client)
        except OSError:  # the client has closed it
            client.close()
            self._connections.expect(-1)
