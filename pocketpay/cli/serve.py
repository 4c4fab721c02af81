"""One server process, from its start to its end.

start   listen, start the database, (embedded database: migrate, create demo people), check, serve
drain   on SIGTERM or SIGINT, for DRAIN_SECONDS: /readyz responds with 503, everything is served, and each response
        ends its connection
stop    no new connections, open requests finish, websockets are closed with 1012, the application closes, the
        embedded PostgreSQL stops if this is its last process; then exit 0. After CUT_SECONDS, or at a second signal,
        the process ends without waiting (`stops`)

Decision 61 gives the reasons.
"""

import asyncio
import gc
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import structlog
import uvicorn
import uvloop
from starlette.applications import Starlette

from pocketpay.cli.database_address import DatabaseAddress
from pocketpay.cli.preparing import prepare
from pocketpay.cli.stops import CutOff, handle_stop_signals
from pocketpay.database import startup
from pocketpay.database.connection_count import Sizes
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.errors import unreachable
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Session, connect
from pocketpay.serving.connections.worker_counts import OwnCount
from pocketpay.settings import Settings

if TYPE_CHECKING:
    from pocketpay.serving.connections.acceptor import Acceptor
    from pocketpay.serving.connections.connections import Connections

FINISH_SECONDS = 4
"""The time in which open requests may finish after a stop; then the application and PostgreSQL close."""
CUT_SECONDS = 9.5
"""Seconds after the drain. Then the process ends, even when it has not finished."""

GC_THRESHOLD = 10_000
"""The number of new objects between two collections of the garbage collector.

A collection of this many objects takes about 10 ms, and nothing else runs during it.
"""

log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """uvicorn's server without its signal handling, which would end the process with exit code 143.

    `application` is informed when the server drains. `count` is the number of this worker's connections, which
    decides whether it accepts the next one; None for a server without workers.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        application: Starlette,
        *,
        drain_seconds: float,
        when_started: Callable[[], None],
        count: OwnCount | None = None,
    ) -> None:
        super().__init__(config)
        self._count = count
        self._acceptors: list[Acceptor] = []
        self._application, self._drain_seconds, self._when_started = application, drain_seconds, when_started
        self.draining = False

    def drain(self) -> None:
        """Serves for DRAIN_SECONDS more, and then stops. Call it in the event loop."""
        if self.draining:
            return
        self.draining = True
        self._leave()
        self._application.state.health.stopping = True
        if not self._drain_seconds:
            self.stop()
            return
        log.info("server_draining", seconds=self._drain_seconds)
        self._application.state.connections.draining = True
        exit_later(self._drain_seconds + CUT_SECONDS)
        asyncio.get_running_loop().call_later(self._drain_seconds, self.stop)

    def stop(self) -> None:
        """Asks the server to finish its open requests and to close."""
        if not self.should_exit:
            self.should_exit = True
            self._leave()
            exit_later(CUT_SECONDS)

    def _leave(self) -> None:
        """Leaves new connections to the other workers, as long as there are any."""
        if self._count is not None:
            self._count.leave()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._accept_the_last(sockets or [])
        await super().shutdown(sockets)

    async def _accept_the_last(self, listening: Iterable[socket.socket]) -> None:
        """Accepts the connections that wait in the operating system, then closes the listening sockets.

        Without this the operating system would reset these connections, and their requests would be lost.
        """
        loop = asyncio.get_running_loop()
        accepted = []
        for one in listening:
            with suppress(OSError):  # until no connection waits
                while True:
                    accepted.append(one.accept()[0])
        for server in self.servers:
            server.close()
        for acceptor in self._acceptors:
            acceptor.close()
        for client in accepted:
            client.setblocking(False)
            with suppress(OSError):  # the client has closed it
                await loop.connect_accepted_socket(self._create_protocol, client)
        for acceptor in self._acceptors:
            await acceptor.wait_closed()
        # When the event loop accepts a connection, its protocol is created in the next iteration.
        await asyncio.sleep(0)

    def _accept_evenly(self, listening: Iterable[socket.socket], count: OwnCount) -> None:
        """Accepts connections from sockets that other workers accept from too."""
        from pocketpay.serving.connections.acceptor import Acceptor

        connections: Connections = self._application.state.connections
        connections.start_counting(count)
        self._acceptors = [Acceptor(one, connections, count, self._create_protocol) for one in listening]

    def _create_protocol(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg]  # as uvicorn creates it
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._count is None or sockets is None:
            await super().startup(sockets)
        else:
            await super().startup([])
            self._accept_evenly(sockets, self._count)
        if self.started:
            tune_garbage_collector()
            self._when_started()


def prepare_to_serve(settings: Settings, database: DatabaseAddress, processes: int) -> Sizes:
    """Prepares the database for a server of `processes` processes. Returns the readers and writers of each.

    Raises what `prepare` and `check_policy` raise, and DatabaseUnavailable when the database allows too few
    connections.
    """
    from pocketpay.clearing.lane import PLANNER_SETTINGS

    prepare(settings, database, clearing=PLANNER_SETTINGS)
    asyncio.run(check_policy(settings, database))
    sends_mail = settings.mail_is_on or settings.text_messages_are_on
    plan = asyncio.run(startup.plan_connections(database.server_dsn, processes, sends_mail=sends_mail))
    if plan.is_short:
        log.warning("database_connections", text=plan.sentence)
    else:
        log.info("database_connections", text=plan.sentence)
    return plan.sizes


async def check_policy(settings: Settings, database: DatabaseAddress) -> None:
    """Raises SettingsError when the operators' risk settings in the database are not valid with this environment."""
    from pocketpay.clearing.policy import read_policy

    try:
        connection = await connect(database.server_dsn, name="pocketpay check")
    except ServiceBusy as busy:
        raise unreachable(busy) from busy
    try:
        await read_policy(Session(connection), settings)
    finally:
        connection.terminate()


def run(
    application: Starlette,
    listening: socket.socket,
    postgres: EmbeddedPostgres | None,
    *,
    drain_seconds: float,
    when_started: Callable[[], None],
    supervisor: int | None = None,
    count: OwnCount | None = None,
) -> None:
    """Serves the ASGI application until a signal stops it, and watches the embedded PostgreSQL meanwhile.

    `supervisor` is a file descriptor that becomes readable when the process that started this one ends; then this one
    stops too. `count` is the number of this worker's connections. Raises SystemExit when the application does not
    start, CutOff when a second signal ended it.
    """
    from pocketpay.serving.connections.protocol import protocol_of

    config = uvicorn.Config(
        application,
        http=protocol_of(application.state.connections, application.state.responder),
        ws="websockets-sansio",
        ws_max_size=65_536,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=FINISH_SECONDS,
    )
    server = Server(config, application, drain_seconds=drain_seconds, when_started=when_started, count=count)
    runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    try:
        runner.run(_serve(server, listening, postgres, supervisor))
    except CutOff:
        raise  # closing the loop would run its tasks once more, and report that they were cancelled
    except BaseException:
        runner.close()
        raise
    runner.close()


async def _serve(
    server: Server, listening: socket.socket, postgres: EmbeddedPostgres | None, supervisor: int | None
) -> None:
    loop = asyncio.get_running_loop()
    if supervisor is not None:
        loop.add_reader(supervisor, _stop_once, loop, supervisor, server)

    def stop(number: int) -> None:
        # Only the supervisor cuts its workers off: a signal sent to all processes reaches each worker twice.
        if supervisor is None and (server.draining or server.should_exit):
            raise CutOff(number)
        if supervisor is None:
            log.info("server_stopping", signal=signal.Signals(number).name)
        server.drain()

    with handle_stop_signals(stop):
        if postgres is None:
            await server.serve(sockets=[listening])
        else:
            await _serve_and_watch(postgres.watch(), server.serve(sockets=[listening]), server.stop)


async def _serve_and_watch(watch: Awaitable[None], serving: Awaitable[None], stop: Callable[[], None]) -> None:
    """Serves and runs the watch at the same time. When the watch fails, the server stops and the error is raised."""
    watching = asyncio.ensure_future(watch)
    watching.add_done_callback(lambda task: None if task.cancelled() else stop())
    try:
        await serving
    finally:
        watching.cancel()
        await asyncio.wait([watching])
    if not watching.cancelled():
        watching.result()


def _stop_once(loop: asyncio.AbstractEventLoop, supervisor: int, server: Server) -> None:
    loop.remove_reader(supervisor)
    server.stop()


def tune_garbage_collector() -> None:
    """Excludes the permanent objects of a started server from garbage collection, and makes collections rarer.

    A request creates thousands of small objects that are freed at its end, and almost never a reference cycle. At
    Python's default threshold of 700, the collector would scan schema, documents and caches so often that it takes a
    third of the time of a push.

    Decision 9 gives the reasons.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 50)


def exit_later(seconds: float) -> None:
    """Ends this process after `seconds`, even when it has not finished."""
    timer = threading.Timer(seconds, os._exit, [0])
    timer.daemon = True
    timer.start()
