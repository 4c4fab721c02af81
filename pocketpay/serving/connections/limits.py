"""The limits of connections. Tests pass smaller ones."""

import resource
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Self

from pocketpay.settings import Settings

RESERVED_FILES = 64
"""Open files that connections may not use. They are for about ten connections to PostgreSQL and their replacements
during a reconnect, those of the audit and of an export, listening sockets, the event loop and the log. The rest is
for connections that are accepted and refused within the same iteration of the event loop."""

SHARE_OF_AN_ADDRESS = 4
"""One address may have at most one connection in this many of the total, whatever the setting allows."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Limits of connections: numbers, bytes and seconds.

    `per_address` is None when connections are not limited by address. Peers in `proxies` are never counted by
    address, because many clients share one.
    """

    total: int = 10_000
    per_address: int | None = 500
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()

    head_bytes: int = 16_384
    """Request line and headers together. Browsers send about 1 KiB; an access token has 0.4 KiB."""
    headers: int = 100
    """Number of headers of a request, including trailers."""
    head_seconds: float = 10.0
    """Seconds from the connection to its first byte, and from the first byte of a head to its last."""

    body_seconds: float = 5.0
    """Seconds from the end of the head to the end of the body: 64 KiB in 5 s is 13 KiB/s, which every mobile network
    reaches. The GraphQL handler has the same limit and responds first; this one covers bodies that nothing reads."""
    body_bytes: int = 163_840
    """Bytes on the wire between the end of the head and the end of the body, including chunk sizes and trailers."""

    unread_seconds: float = 20.0
    """Seconds that a client may leave 64 KiB of responses unread: 3 KiB/s, which every mobile network reaches."""

    keep_alive_seconds: float = 75.0
    pipelined: int = 32
    """Requests of a connection that wait for earlier ones; each takes about 3 KiB of memory."""

    discard_bytes: int = 16_777_216
    """Bytes that are read and discarded after a response that is sent before its request ends. Closing a connection
    with unread bytes makes TCP reset it, and the client would lose the response."""
    discard_seconds: float = 5.0

    stop_seconds: float = 2.0
    """Seconds that a body may still take when the server stops: half of the time that a stop waits for requests."""

    @classmethod
    def of(cls, settings: Settings, *, open_files: int | None = None) -> Self:
        """Returns the limits for these settings. `open_files` is the number of files that the process may open; None
        reads it from the process."""
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
        """Seconds between two checks of the time limits: a tenth of the shortest limit, at most 0.5."""
        shortest = (
            *(self.head_seconds, self.body_seconds, self.unread_seconds),
            *(self.keep_alive_seconds, self.discard_seconds, self.stop_seconds),
        )
        return min(0.5, min(shortest) / 10)
