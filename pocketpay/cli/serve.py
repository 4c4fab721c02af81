"""One server process, from its start to its end.

start   listen, database up, (our own: migrate, demo people), check, serve
stop    on SIGTERM or SIGINT: no new connections, those open finish, the application closes, PostgreSQL stops
        if we are the last; then exit 0. What is not done by then is cut. A second signal cuts it at once  (`stops`)
"""

import asyncio
import gc
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
import uvicorn
import uvloop

from pocketpay.cli.place import Place
from pocketpay.cli.stops import CutOff, stops_given_to
from pocketpay.database import startup
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.errors import WrongRevision, unreachable
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Session, connect
from pocketpay.settings import Settings

FINISH_SECONDS = 4
"""What is being answered at a stop may take so long; then the application and PostgreSQL close."""
CUT_SECONDS = 9.5

GARBAGE = 10_000
"""New objects between two rounds of the collector.

A round over as many takes some 10 ms, and nothing else runs then.
"""

log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """uvicorn's server, stopped by us: its own signal handling ends the process with 143."""

    def __init__(self, config: uvicorn.Config, when_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_started = when_started

    def stop(self) -> None:
        """Asks it to finish what it is answering and to close."""
        if not self.should_exit:
            self.should_exit = True
            cut_later()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            collect_less()
            self._when_started()


def prepare(settings: Settings, place: Place) -> None:
    """Checks the database, and brings our own to this revision. Raises what keeps the server from serving."""
    try:
        warnings = asyncio.run(startup.check(place.server_dsn))
    except WrongRevision:
        if place.postgres is None:
            raise
        # Only now: Alembic takes two seconds to import, and most starts find nothing to do.
        from pocketpay.database import migrations

        asyncio.run(migrations.upgrade(place.owner_dsn, place.server_dsn))
        warnings = asyncio.run(startup.check(place.server_dsn))
    for warning in warnings:
        log.warning("database_warning", text=warning)


async def check_policy(settings: Settings, place: Place) -> None:
    """Raises SettingsError when what operators have set in the database does not go with this environment."""
    from pocketpay.clearing.policy import read_policy

    try:
        connection = await connect(place.server_dsn, name="pocketpay check")
    except ServiceBusy as busy:
        raise unreachable(busy) from busy
    try:
        await read_policy(Session(connection), settings)
    finally:
        connection.terminate()


def run(
    application: Any,
    listening: socket.socket,
    postgres: EmbeddedPostgres | None,
    *,
    when_started: Callable[[], None],
    supervisor: int | None = None,
) -> None:
    """Serves the ASGI application until told to stop, watching our own PostgreSQL meanwhile.

    `supervisor` is a file that becomes readable when the process that started us is gone: we stop then too.
    Raises SystemExit when the application does not start, CutOff when a second signal ended it.
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
    server = Server(config, when_started)
    runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    try:
        runner.run(_live(server, listening, postgres, supervisor))
    except CutOff:
        raise  # closing the loop would let its tasks go on, and report that they were cancelled
    except BaseException:
        runner.close()
        raise
    runner.close()


async def _live(
    server: Server, listening: socket.socket, postgres: EmbeddedPostgres | None, supervisor: int | None
) -> None:
    loop = asyncio.get_running_loop()
    if supervisor is not None:
        loop.add_reader(supervisor, _stop_once, loop, supervisor, server)

    def stop(number: int) -> None:
        # A supervisor decides alone when its workers are cut off: a signal to all of them comes to each one twice.
        if server.should_exit and supervisor is None:
            raise CutOff(number)
        server.stop()

    with stops_given_to(stop):
        if postgres is None:
            await server.serve(sockets=[listening])
        else:
            await _alongside(postgres.watch(), server.serve(sockets=[listening]), server.stop)


async def _alongside(watch: Awaitable[None], serving: Awaitable[None], stop: Callable[[], None]) -> None:
    """Serves with the watch beside it: should that one ever fail, the server stops and says so."""
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


def collect_less() -> None:
    """Takes what a started server keeps for good out of the garbage collector's rounds, and makes the rounds rarer.

    A request makes thousands of small objects that die with it and hardly ever a cycle; at Python's own threshold of
    700 the collector walks schema, documents and caches again and again: a third of the time of a push.

    Decision 9 gives the reasons.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 50)


def cut_later() -> None:
    """Ends this process CUT_SECONDS from now, whatever is not done by then."""
    timer = threading.Timer(CUT_SECONDS, os._exit, [0])
    timer.daemon = True
    timer.start()
