"""All open connections of this server: how many there are, from which addresses, and the stage of each.

    stage     while                                      at its time limit
    opened    no byte has arrived                        closes the connection without a response
    head      the head is arriving                       responds with 408
    body      the body is arriving                       responds with 408
    unread    the client does not read the response      aborts the connection
    idle      the connection is kept alive               closes it; also when the server is full
    last      idle or opened while the server stops      closes the connection
    stopping  a request is arriving while the server stops  responds with 503
    closing   the server has closed its side             discards incoming bytes, then aborts
    refused   a refused client reads the response        as in closing, with a shorter limit

While a request is being executed, its connection is in no stage: the application has its own limits. One timer checks
all connections, so that a request does not start and cancel a timer of its own.
"""

import asyncio
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Protocol

from pocketpay.identity import networks
from pocketpay.serving.connections.limits import ConnectionLimits
from pocketpay.serving.connections.stage import Stage
from pocketpay.serving.connections.worker_counts import OwnCount

LAST_SECONDS = 1.0
"""When the server stops after a drain, a connection stays open until this many seconds after its latest response, or
after it was opened. A request that the client has just sent arrives in much less time over any network."""

REFUSED_SECONDS = 0.5
"""Seconds that a refused client has to read the response; much less than a server stop may take."""


class Connection(Protocol):
    """A connection, as `Connections` counts it."""

    usage: "AddressUsage | None"
    stage: "Stage[Connection] | None"

    def expire(self) -> None:
        """Called when the connection exceeds the time limit of its stage."""
        ...

    def drop(self) -> None:
        """Closes the connection immediately, because a new connection needs its place."""
        ...


class AddressUsage:
    """The open connections of one address: their number, and those that are idle."""

    __slots__ = ("address", "idle", "open")

    def __init__(self, address: str) -> None:
        self.address = address
        self.open = 0
        self.idle: dict[Connection, None] = {}


class Connections:
    """Admits connections, counts them, and ends those that exceed the time limit of their stage."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.open = 0
        self.refusals = 0
        self._count: OwnCount | None = None
        """Where this worker writes its number of connections for the others; None for a server without workers."""
        self.on_released: Callable[[], None] = lambda: None
        """Called when a connection has ended."""
        self._arriving = 0
        self.draining = False
        """Whether the server will stop soon. Then each response ends its connection, so that the client opens the
        next one at another server."""
        self.opened = Stage[Connection](limits.head_seconds)
        self.head = Stage[Connection](limits.head_seconds)
        self.body = Stage[Connection](limits.body_seconds)
        self.unread = Stage[Connection](limits.unread_seconds)
        self.idle = Stage[Connection](limits.keep_alive_seconds)
        self.last = Stage[Connection](LAST_SECONDS)
        self.stopping = Stage[Connection](limits.stop_seconds)
        self.closing = Stage[Connection](limits.discard_seconds)
        self.refused = Stage[Connection](REFUSED_SECONDS)
        self._stages = (
            *(self.opened, self.head, self.body, self.unread, self.idle),
            *(self.last, self.stopping, self.closing, self.refused),
        )
        self._usages: dict[str, AddressUsage] = {}
        self._timer: asyncio.TimerHandle | None = None

    def start_counting(self, count: OwnCount) -> None:
        """Writes the number of connections there from now on."""
        self._count = count
        self._add(0)

    @property
    def expected(self) -> int:
        """The number of connections, with those that are accepted and not yet admitted."""
        return self.open + self._arriving

    def expect(self, number: int) -> None:
        """Counts a connection that is accepted and will be admitted, or with -1 one that will not be admitted after
        all."""
        self._arriving = max(0, self._arriving + number)
        self._add(0)

    def _add(self, number: int) -> None:
        self.open += number
        if self._count is not None:
            self._count.set(self.expected)

    def admit(self, connection: Connection, address: str, loop: asyncio.AbstractEventLoop) -> bool:
        """Counts a new connection. Returns False when there are too many and none can be closed in its place."""
        self._arriving = max(0, self._arriving - 1)
        name = self._counted_address(address)
        usage = self._usages.get(name) or AddressUsage(name)
        if not self._has_capacity_for(usage) or not self._has_capacity():
            self.refusals += 1
            self._add(0)
            return False
        self._usages[name] = usage
        self._add(1)
        usage.open += 1
        connection.usage = usage
        self.enter(connection, self.opened, loop.time())
        if self._timer is None:
            self._timer = loop.call_later(self.limits.sweep_seconds, self._close_overdue, loop)
        return True

    def release(self, connection: Connection) -> None:
        """Stops counting a connection that is lost or is about to be closed."""
        usage, connection.usage = connection.usage, None
        self._leave_stage(connection, usage)
        if usage is not None:
            self._add(-1)
            usage.open -= 1
            if not usage.open:
                self._usages.pop(usage.address, None)
            self.on_released()

    def enter(self, connection: Connection, stage: Stage[Connection] | None, now: float) -> None:
        """Moves the connection to `stage` at the time `now`; None means that it has no time limit."""
        self._leave_stage(connection, connection.usage)
        if stage is not None:
            stage.add(connection, now)
            connection.stage = stage
            if stage is self.idle and connection.usage is not None:
                connection.usage.idle[connection] = None

    def _leave_stage(self, connection: Connection, usage: AddressUsage | None) -> None:
        stage = connection.stage
        if stage is not None:
            stage.remove(connection)
            connection.stage = None
            if stage is self.idle and usage is not None:
                usage.idle.pop(connection, None)

    def _has_capacity_for(self, usage: AddressUsage) -> bool:
        limit = self.limits.per_address
        if limit is None or not usage.address or usage.open < limit:
            return True
        return self._close_for_capacity(next(iter(usage.idle), None))

    def _has_capacity(self) -> bool:
        if self.open < self.limits.total:
            return True
        # A connection without a first byte is closed next: real clients send their request immediately.
        return self._close_for_capacity(self.idle.longest() or self.opened.longest())

    def _close_for_capacity(self, connection: Connection | None) -> bool:
        if connection is None:
            return False
        connection.drop()
        self.release(connection)
        return True

    def _counted_address(self, address: str) -> str:
        """The address or network that a connection is counted for; "" for a trusted proxy and a local socket."""
        try:
            peer = ip_address(address)
        except ValueError:
            return ""
        if isinstance(peer, IPv6Address):
            peer = peer.ipv4_mapped or peer
        if any(peer in proxies for proxies in self.limits.proxies):
            return ""
        return networks.address(address)

    def _close_overdue(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for stage in self._stages:
            for connection in stage.overdue(now):
                connection.expire()
        # The timer ends with the last connection, so that none is left when the server stops.
        waiting = any(self._stages) or self.open
        self._timer = loop.call_later(self.limits.sweep_seconds, self._close_overdue, loop) if waiting else None
