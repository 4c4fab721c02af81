"""The listener: the one connection of this server that receives the signals of all servers' commits.

    connect ─► LISTEN ─► gap ─► signals … heartbeat … signals ─┐
       ▲                                                       │ lost, silent, or the database went away
       └───────────── wait a little ◄── disconnected ◄─────────┘

LISTEN comes first and reading what was missed second, so nothing falls between the two. A connection can be dead and
look open for ever (a black hole: no error, no notification), so a heartbeat asks it for the time every few seconds.
The database's time at the last answer is known: the gap lies after it.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeAlias

import asyncpg
import structlog

from pocketpay.database.failures import ServiceBusy, lost_connection
from pocketpay.updates.hub import Hub
from pocketpay.updates.signals import CHANNEL, read

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 5.0
HEARTBEAT_TIMEOUT_SECONDS = 1.0
"""A dead connection is noticed within the sum of the two."""

SHORTEST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 2.0
"""Between two tries to connect; doubled each time, with jitter, so that servers do not come back in step."""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class Listener:
    """Holds one LISTEN connection, and gets another when it is lost. `listening` is for /readyz and the gate."""

    def __init__(
        self,
        connect: Callable[[str], Awaitable[Connection]],
        hub: Hub,
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._connect, self._hub, self._heartbeat_seconds = connect, hub, heartbeat_seconds
        self._listens = asyncio.Event()
        self._lost = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def listening(self) -> bool:
        """Whether what is committed now will be heard, as far as anybody can know."""
        return self._listens.is_set()

    async def start(self, patience_seconds: float = 5.0) -> None:
        """Begins to listen. Returns once it does, or when patience ends: then it goes on trying by itself."""
        self._task = asyncio.create_task(self._run(), name="listener")
        try:
            await asyncio.wait_for(self._listens.wait(), patience_seconds)
        except TimeoutError:
            log.warning("listener_not_yet_listening")

    async def close(self) -> None:
        """Stops listening, without a word to the subscribers."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        wait = SHORTEST_WAIT_SECONDS
        while True:
            try:
                await self._listen()
            except Exception as error:
                # Nobody restarts this task, so it outlives every error; one that is not the database's is a bug.
                if isinstance(error, ServiceBusy | TimeoutError) or lost_connection(error):
                    log.warning("listener_lost", error=repr(error))
                else:
                    log.exception("listener_broken")
            if self.listening:
                self._listens.clear()
                self._hub.on_disconnect()
                wait = SHORTEST_WAIT_SECONDS
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    async def _listen(self) -> None:
        """Hears until the connection is lost, and raises what it was lost by."""
        connection = await self._connect("pocketpay listener")
        try:
            self._lost.clear()
            connection.add_termination_listener(self._on_lost)
            async with asyncio.timeout(HEARTBEAT_TIMEOUT_SECONDS):
                await connection.add_listener(CHANNEL, self._on_notification)
                now = await _time(connection)
            self._listens.set()
            self._hub.listens(now)
            await self._watch(connection)
        finally:
            connection.terminate()

    async def _watch(self, connection: Connection) -> None:
        """Asks for the time again and again; returns when the connection ends, raises when no answer comes."""
        while not self._lost.is_set():
            try:
                async with asyncio.timeout(self._heartbeat_seconds):
                    await self._lost.wait()
            except TimeoutError:
                async with asyncio.timeout(HEARTBEAT_TIMEOUT_SECONDS):
                    self._hub.heard_until(await _time(connection))

    def _on_lost(self, connection: object) -> None:
        self._lost.set()

    def _on_notification(self, connection: object, pid: int, channel: str, payload: object) -> None:
        self._hub.on_signal(read(str(payload)))


async def _time(connection: Connection) -> datetime:
    now = await connection.fetchval("select clock_timestamp()")
    assert isinstance(now, datetime)  # noqa: S101 - what PostgreSQL says a timestamptz is
    return now
