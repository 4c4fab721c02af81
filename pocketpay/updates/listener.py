"""The listener: the one connection of this server that receives the signals of all servers' commits.

    connect ─► LISTEN ─► read missed changes ─► signals … heartbeat … signals ─┐
       ▲                                                                       │ connection lost, no answer, or the
       └──────────────── wait a short time ◄── disconnected ◄──────────────────┘ database stopped

The subscribers read missed changes after LISTEN, so nothing is lost between the two. A dead connection can look open
forever, without an error or a notification, so a heartbeat asks it for the database's time every few seconds. Changes
since the last answered heartbeat may have been missed: that time is called the gap (`Hub.on_gap`).
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
"""A dead connection is detected within the sum of the two."""

MIN_WAIT_SECONDS = 0.1
MAX_WAIT_SECONDS = 2.0
"""The wait between two attempts to connect. It doubles each time, with jitter, so that servers do not reconnect at
the same moment."""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class Listener:
    """Holds one LISTEN connection, and opens another when it is lost. /readyz and the gate read `listening`."""

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
        """Whether the connection is believed to work, so that the signal of a commit made now is received."""
        return self._listens.is_set()

    async def start(self, patience_seconds: float = 5.0) -> None:
        """Starts the listener. Returns when it is connected, or after `patience_seconds`; the task keeps trying."""
        self._task = asyncio.create_task(self._run(), name="listener")
        try:
            await asyncio.wait_for(self._listens.wait(), patience_seconds)
        except TimeoutError:
            log.warning("listener_not_yet_listening")

    async def close(self) -> None:
        """Stops the listener. Subscribers are not notified."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        wait = MIN_WAIT_SECONDS
        while True:
            try:
                await self._listen()
            except Exception as error:
                # Nothing restarts this task, so it must survive every error. Other errors than these are bugs.
                if isinstance(error, ServiceBusy | TimeoutError) or lost_connection(error):
                    log.warning("listener_connection_lost", error=repr(error))
                else:
                    log.exception("listener_failed")
            if self.listening:
                self._listens.clear()
                self._hub.on_disconnect()
                wait = MIN_WAIT_SECONDS
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(2 * wait, MAX_WAIT_SECONDS)

    async def _listen(self) -> None:
        """Receives signals until the connection is lost. Raises the error, if there is one."""
        connection = await self._connect("pocketpay listener")
        try:
            self._lost.clear()
            connection.add_termination_listener(self._on_lost)
            async with asyncio.timeout(HEARTBEAT_TIMEOUT_SECONDS):
                await connection.add_listener(CHANNEL, self._on_notification)
                now = await _time(connection)
            self._listens.set()
            self._hub.on_connect(now)
            await self._watch(connection)
        finally:
            connection.terminate()

    async def _watch(self, connection: Connection) -> None:
        """Asks the database for the time at each heartbeat. Returns when the connection ends; raises TimeoutError
        when there is no answer."""
        while not self._lost.is_set():
            try:
                async with asyncio.timeout(self._heartbeat_seconds):
                    await self._lost.wait()
            except TimeoutError:
                async with asyncio.timeout(HEARTBEAT_TIMEOUT_SECONDS):
                    self._hub.received_until(await _time(connection))

    def _on_lost(self, connection: object) -> None:
        self._lost.set()

    def _on_notification(self, connection: object, pid: int, channel: str, payload: object) -> None:
        self._hub.on_signal(read(str(payload)))


async def _time(connection: Connection) -> datetime:
    now = await connection.fetchval("select clock_timestamp()")
    assert isinstance(now, datetime)  # noqa: S101 - asyncpg returns a timestamptz as a datetime
    return now
