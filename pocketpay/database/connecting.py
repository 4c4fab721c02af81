"""Opens a connection to the host of DATABASE_URL that accepts writes.

    every host          is tried at the same time as the others, for ATTEMPT_SECONDS
    a standby           is rejected
    a former primary    is rejected (timelines.py)
    the primary         gets our settings, and a TCP timeout that closes the connection when the machine is silent

Decision 50 gives the reasons.
"""

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from pocketpay.database import timelines, times
from pocketpay.database.address import FORM, Host, for_driver, hosts_of
from pocketpay.database.availability import AVAILABILITY, cause_of
from pocketpay.database.failures import NoPrimary, ServiceBusy
from pocketpay.database.held import Connection

TIMEOUTS = {
    "default_transaction_isolation": "read committed",
    "statement_timeout": "2000",
    "lock_timeout": "1000",
    "idle_in_transaction_session_timeout": "5000",
    "transaction_timeout": "5000",
    "timezone": "UTC",
    "plan_cache_mode": "force_generic_plan",
}
"""Settings of every connection, in milliseconds: at most 1 s for a lock, 2 s for a statement, 5 s for a unit of
work. A statement is planned once for each connection: in a large database PostgreSQL would plan the read of a balance
at every execution, which takes longer than the read."""

GONE = {
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "11000",
}
"""Settings of every connection as well: PostgreSQL ends the session of a server that is cut off or powered off within
11 s. They have no effect on a Unix socket."""

CONNECT_SECONDS = 5.0
"""The longest attempt when there is one host."""

ATTEMPT_SECONDS = 2.0
"""The longest attempt at each of several hosts. While no host accepts writes, a silent one delays the next attempt
by this time."""

OTHERS_SECONDS = 0.1
"""The wait for the other hosts after one accepts writes. A standby answers within milliseconds. If a second host
accepts writes too, the newer timeline is chosen."""

COMMAND_SECONDS = 6.0
"""The longest wait for an answer. It is longer than PostgreSQL's own timeouts, so it ends only calls on a dead
connection."""

KEEP_IDLE_SECONDS, KEEP_INTERVAL_SECONDS, KEEP_COUNT = 2, 1, 3
SILENT_SECONDS = 5
"""A connection is closed when the other machine acknowledges nothing for this time, in use or idle. Less than
COMMAND_SECONDS. A machine that runs acknowledges, even while its PostgreSQL is frozen."""

SET = "select set_config(name, value, false) from unnest($1::text[], $2::text[]) as sent (name, value)"
"""A statement, because a pooler refuses or drops such settings in the startup message."""

REFUSALS = (
    *(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError),
    timelines.FormerPrimary,
)


class WatchedConnection(Connection):
    """A connection that is closed when the other machine is silent for SILENT_SECONDS."""

    def __init__(self, protocol: Any, transport: Any, *more: Any) -> None:
        super().__init__(protocol, transport, *more)
        set_timeouts(transport.get_extra_info("socket"))


connection_class: type[Connection] = WatchedConnection
"""The class of every connection. A server that traces replaces it (`traced.py`)."""


def set_timeouts(tcp: socket.socket) -> None:
    """Closes the socket when nothing is acknowledged for SILENT_SECONDS. A Unix socket needs no such timeout."""
    if tcp.family == socket.AF_UNIX:
        return
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEP_IDLE_SECONDS)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEP_INTERVAL_SECONDS)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEP_COUNT)
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_SECONDS * 1000)


async def connect(
    dsn: str,
    *,
    name: str = "pocketpay",
    settings: Mapping[str, str] | None = None,
    command_seconds: float | None = COMMAND_SECONDS,
    standby: bool = False,
    keeps_times: bool = False,
    prepared: Sequence[str] = (),
) -> Connection:
    """Opens a connection to the primary, with TIMEOUTS or with `settings` instead. `name` is its application_name.

    With `standby` it opens a connection to a hot standby instead, which can only read. With `keeps_times` it converts
    times faster (times.py). `prepared` has PREPARE statements to execute.

    Raises ServiceBusy when it cannot be opened: NoPrimary when no host accepts it, with the reason of each host.
    """
    sent = {**(TIMEOUTS if settings is None else settings), **GONE}
    try:
        opening = _Opening(for_driver(dsn), name, sent, command_seconds, standby, keeps_times, prepared)
        hosts = hosts_of(dsn)
        if len(hosts) > 1:
            return await _first([_Attempt(opening, host) for host in hosts])
        connection = await opening.to(hosts[0] if hosts else None, CONNECT_SECONDS)
        AVAILABILITY.connected(_host_name(hosts[0] if hosts else None))
        return connection
    except REFUSALS as error:
        raise _no_primary([error], _reason(error)) from error
    except (ValueError, OverflowError):
        # The error's message may contain a password that was not escaped, so it is not passed on.
        raise ServiceBusy(f"DATABASE_URL: {FORM}") from None


@dataclass(frozen=True, slots=True)
class _Opening:
    """The parameters of a connection, which are the same for every host."""

    dsn: str
    name: str
    settings: Mapping[str, str]
    command_seconds: float | None
    standby: bool
    keeps_times: bool
    prepared: Sequence[str]

    async def to(self, host: Host | None, seconds: float) -> Connection:
        """Opens a connection to the host. Raises one of REFUSALS."""
        async with asyncio.timeout(seconds):
            connection = await asyncpg.connect(
                self.dsn,
                host=host.name if host else None,
                port=host.port if host else None,
                timeout=seconds,
                command_timeout=self.command_seconds,
                server_settings={"application_name": self.name},
                target_session_attrs=SessionAttribute.standby if self.standby else SessionAttribute.read_write,
                connection_class=connection_class,
            )
            try:
                await connection.execute(SET, [*self.settings], [*self.settings.values()])
                if not self.standby:
                    await timelines.SEEN.check(connection)
                if self.keeps_times:
                    await times.keep_conversions(connection)
                for statement in self.prepared:
                    await connection.execute(statement)
            except BaseException:
                connection.terminate()
                raise
            return connection


class _Attempt:
    """The attempt to connect to one of several hosts."""

    def __init__(self, opening: _Opening, host: Host) -> None:
        self.host = host
        self.task = asyncio.create_task(opening.to(host, ATTEMPT_SECONDS), name="connecting to a host")

    @property
    def connection(self) -> Connection | None:
        """Its open connection, or None. It is closed when a newer primary is found. Raises an error that is not one
        of REFUSALS."""
        if not self.task.done() or self.task.cancelled():
            return None
        error = self.task.exception()
        if error is None:
            opened = self.task.result()
            return None if opened.is_closed() else opened
        if isinstance(error, REFUSALS):
            return None
        raise error

    def error(self) -> BaseException:
        """The error of a failed connection. A connection that was closed because of a newer primary has the error
        FormerPrimary."""
        return self.task.exception() or timelines.FormerPrimary()

    def refusal(self) -> str:
        return f"{self.host}: {_reason(self.error())}"


async def _first(attempts: Sequence[_Attempt]) -> Connection:
    """Returns the connection to the primary. Raises NoPrimary when no attempt reached one."""
    chosen: Connection | None = None
    tasks = [attempt.task for attempt in attempts]
    try:
        pending = set(tasks)
        while pending and not any(attempt.connection for attempt in attempts):
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        if pending:
            await asyncio.wait(pending, timeout=OTHERS_SECONDS)
        chosen = next((one for attempt in attempts if (one := attempt.connection)), None)
        if chosen is None:
            raise _no_primary(
                [attempt.error() for attempt in attempts], "; ".join(attempt.refusal() for attempt in attempts)
            )
        AVAILABILITY.connected(next(str(attempt.host) for attempt in attempts if attempt.connection is chosen))
        return chosen
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled() and task.exception() is None and task.result() is not chosen:
                task.result().terminate()


def _no_primary(errors: Sequence[BaseException], reason: str) -> NoPrimary:
    """Reports that no host accepted a connection. Returns the error to raise."""
    causes = [cause_of(error) for error in errors]
    AVAILABILITY.failed(causes, reason)
    return NoPrimary(reason, causes)


def _host_name(host: Host | None) -> str:
    return "local" if host is None or host.name.startswith("/") else str(host)


def _reason(error: BaseException) -> str:
    if isinstance(error, asyncpg.exceptions.TargetServerAttributeNotMatched):
        return "is not a standby" if "standby" in str(error) else "does not accept writes"
    if isinstance(error, asyncpg.InvalidSQLStatementNameError | asyncpg.DuplicatePreparedStatementError):
        return "a connection pooler in transaction mode is between the server and PostgreSQL; use one in session mode"
    if isinstance(error, asyncpg.UndefinedObjectError) and '"transaction_timeout"' in str(error):
        return "it is older than PostgreSQL 18"
    if isinstance(error, TimeoutError) and error.errno is None:
        return "no answer in time"
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return str(error).strip().rstrip(".") or type(error).__name__
