"""The numbers that hold for connections. Tests pass smaller ones."""

import resource
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Self

from pocketpay.settings import Settings

RESERVED_FILES = 64
"""Open files that connections leave free: about ten held connections to PostgreSQL and their successors during a
reconnect, the audit's and an export's, listening sockets, the event loop, the log; the rest is for connections that
are accepted and refused within the same round of the event loop."""

SHARE_OF_AN_ADDRESS = 4
"""One address has at most this part of all connections, however many are allowed to it."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What connections may use: numbers, bytes and seconds.

    `per_address` is None where addresses are not counted; peers in `proxies` are never counted by address, because
    many clients share theirs.
    """

    total: int = 10_000
    per_address: int | None = 500
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()

    head_bytes: int = 16_384
    """Request line and headers together. Browsers send some 1 KiB, a token has 0.4 KiB."""
    headers: int = 100
    """Headers of a request, trailers included."""
    head_seconds: float = 10.0
    """From the connection to the first byte, and from a head's first byte to its last."""

    body_seconds: float = 5.0
    """From the end of the head to the end of the body: 64 KiB in 5 s is 13 KiB/s, which every mobile network reaches.
    The handler of GraphQL has the same limit and answers first; this one is for bodies that nobody reads."""
    body_bytes: int = 163_840
    """Bytes on the wire between the end of the head and the end of the body, chunk sizes and trailers included."""

    unread_seconds: float = 20.0
    """How long a client may leave 64 KiB of answers unread: 3 KiB/s, which every mobile network reaches."""

    keep_alive_seconds: float = 75.0
    pipelined: int = 32
    """Requests of a connection that wait for earlier ones; each keeps about 3 KiB."""

    discard_bytes: int = 16_777_216
    """Read and dropped after an answer that comes before the end of its request. Closing on unread bytes would make
    TCP reset the connection, and the answer would be lost."""
    discard_seconds: float = 5.0

    stop_seconds: float = 2.0
    """How long a body may still take when the server stops: half of what the stop waits for requests."""

    @classmethod
    def of(cls, settings: Settings, *, open_files: int | None = None) -> Self:
        """The limits of a server with those settings, which may have `open_files` files open (this process's own
        limit when None)."""
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if open_files is None else open_files
        total = settings.connections
        if files != resource.RLIM_INFINITY:
            total = min(total, max(files // 2, files - RESERVED_FILES))
        of_address = settings.connections_per_address
        return cls(
            total=total,
            per_address=min(of_address, max(1, total // SHARE_OF_AN_ADDRESS)) if of_address else None,
            proxies=tuple(ip_network(network) for network in settings.proxies),
            body_seconds=settings.body_seconds,
            body_bytes=2 * settings.body_bytes + 32_768,
            keep_alive_seconds=settings.keep_alive_seconds,
        )

    @property
    def sweep_seconds(self) -> float:
        """Between two looks at what has waited too long: a tenth of the shortest limit, at most half a second."""
        shortest = (
            *(self.head_seconds, self.body_seconds, self.unread_seconds),
            *(self.keep_alive_seconds, self.discard_seconds, self.stop_seconds),
        )
        return min(0.5, min(shortest) / 10)
