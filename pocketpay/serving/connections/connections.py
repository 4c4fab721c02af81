"""All connections of this server that are open: how many, of whom, and what each waits for.

    opened    nothing has come yet            closes silently
    head      a head has begun                408
    body      the head is complete            408
    unread    the client does not read        cut
    idle      answered, kept for the next     closes silently, and first when room is needed
    stopping  the server stops, a body is still coming        503
    closing   our side has ended              what still comes is dropped, then the connection is cut
    refused   too many, or the server stops   the same, sooner

A request that is being answered waits for nothing here: the application has limits of its own. One timer looks after
all connections, so that a request starts and cancels none.
"""

import asyncio
from ipaddress import IPv6Address, ip_address
from typing import Protocol

from pocketpay.identity import networks
from pocketpay.serving.connections.limits import ConnectionLimits
from pocketpay.serving.connections.waiting import Waiting

REFUSED_SECONDS = 0.5
"""Long enough to read why, and far less than a stop may take."""


class Connection(Protocol):
    """A connection as its server counts it."""

    place: "Place | None"
    stage: "Waiting[Connection] | None"

    def expire(self) -> None:
        """It has waited too long."""
        ...

    def drop(self) -> None:
        """Another connection needs its place: closes it at once."""
        ...


class Place:
    """What is open from one address."""

    __slots__ = ("address", "idle", "open")

    def __init__(self, address: str) -> None:
        self.address = address
        self.open = 0
        self.idle: dict[Connection, None] = {}


class Connections:
    """Admits connections, counts them, and ends those that wait too long."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.open = 0
        self.refusals = 0
        self.opened = Waiting[Connection](limits.head_seconds)
        self.head = Waiting[Connection](limits.head_seconds)
        self.body = Waiting[Connection](limits.body_seconds)
        self.unread = Waiting[Connection](limits.unread_seconds)
        self.idle = Waiting[Connection](limits.keep_alive_seconds)
        self.stopping = Waiting[Connection](limits.stop_seconds)
        self.closing = Waiting[Connection](limits.discard_seconds)
        self.refused = Waiting[Connection](REFUSED_SECONDS)
        self._stages = (
            *(self.opened, self.head, self.body, self.unread, self.idle),
            *(self.stopping, self.closing, self.refused),
        )
        self._places: dict[str, Place] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def admit(self, connection: Connection, address: str, loop: asyncio.AbstractEventLoop) -> bool:
        """Counts a new connection; False when there are too many and none can be closed for it."""
        name = self._counted_as(address)
        place = self._places.get(name) or Place(name)
        if not self._room_at(place) or not self._room():
            self.refusals += 1
            return False
        self._places[name] = place
        self.open += 1
        place.open += 1
        connection.place = place
        self.wait(connection, self.opened, loop.time())
        if self._sweep is None:
            self._sweep = loop.call_later(self.limits.sweep_seconds, self._look, loop)
        return True

    def release(self, connection: Connection) -> None:
        """The connection has been lost, or is about to be: it is not counted any more."""
        place, connection.place = connection.place, None
        self._leave(connection, place)
        if place is not None:
            self.open -= 1
            place.open -= 1
            if not place.open:
                self._places.pop(place.address, None)

    def wait(self, connection: Connection, stage: Waiting[Connection] | None, now: float) -> None:
        """From now on it waits for that, or for nothing."""
        self._leave(connection, connection.place)
        if stage is not None:
            stage.add(connection, now)
            connection.stage = stage
            if stage is self.idle and connection.place is not None:
                connection.place.idle[connection] = None

    def _leave(self, connection: Connection, place: Place | None) -> None:
        stage = connection.stage
        if stage is not None:
            stage.remove(connection)
            connection.stage = None
            if stage is self.idle and place is not None:
                place.idle.pop(connection, None)

    def _room_at(self, place: Place) -> bool:
        most = self.limits.per_address
        if most is None or not place.address or place.open < most:
            return True
        return self._make_room(next(iter(place.idle), None))

    def _room(self) -> bool:
        if self.open < self.limits.total:
            return True
        # One that has said nothing yet may be a stranger's who never will; a client speaks at once.
        return self._make_room(self.idle.longest() or self.opened.longest())

    def _make_room(self, connection: Connection | None) -> bool:
        if connection is None:
            return False
        connection.drop()
        self.release(connection)
        return True

    def _counted_as(self, address: str) -> str:
        """The address or network that a connection counts for; empty for a trusted proxy and a local socket."""
        try:
            peer = ip_address(address)
        except ValueError:
            return ""
        if isinstance(peer, IPv6Address):
            peer = peer.ipv4_mapped or peer
        if any(peer in proxies for proxies in self.limits.proxies):
            return ""
        return networks.address(address)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for stage in self._stages:
            for connection in stage.overdue(now):
                connection.expire()
        # The timer ends with the last connection, and nothing is left behind when the server stops.
        waiting = any(self._stages) or self.open
        self._sweep = loop.call_later(self.limits.sweep_seconds, self._look, loop) if waiting else None
