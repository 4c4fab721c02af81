"""The resources of the machine that a server needs: a listening socket and enough open files, and no core files."""

import errno
import os
import resource
import socket

from pocketpay.errors import PocketPayError

BACKLOG = 2048
STUCK_PEER_MILLISECONDS = 8_000
"""A connection is dropped when the peer acknowledges nothing for this long. Layers above TCP do not notice that a
peer has stopped reading."""


class PortUnavailable(PocketPayError):
    """The server cannot listen on its HOST and PORT."""


def listen(host: str, port: int) -> socket.socket:
    """Returns a listening socket, which can be passed to child processes. Raises PortUnavailable, with advice."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise PortUnavailable(f"HOST {host!r} is not a valid address ({error.strerror}). Correct HOST.") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STUCK_PEER_MILLISECONDS)
        listening.bind(address)
        # At once: with SO_REUSEADDR, two sockets can bind the same address until one of them listens.
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise PortUnavailable(_explanation(host, port, error)) from error
    listening.setblocking(False)
    return listening


def raise_open_files() -> None:
    """Raises the soft limit of open files to the hard limit. Every socket is an open file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def forbid_core_files() -> None:
    """Makes the system write no core file when this process or a child of it crashes: a core file would contain keys
    and passwords. The hard limit stays, so an administrator can still enable core files with prlimit."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def url_of(listening: socket.socket) -> str:
    """Returns the URL at which a client on this machine reaches the socket."""
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104  # compared, not listened on
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _explanation(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is already in use. Stop the process that uses it, or set PORT."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"This user cannot listen on port {port}. Set PORT to a port above 1023."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"HOST {host!r} is not an address of this machine. Correct HOST."
    return f"Cannot listen on {host}:{port} ({os.strerror(error.errno or 0)}). Correct HOST or PORT."
