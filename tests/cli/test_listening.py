"""The port: told at once when it cannot be had, and rid of peers that have stopped reading."""

import resource
import socket

import pytest

from pocketpay.cli import listening
from pocketpay.cli.listening import PortUnavailable


def test_taken_port_is_told_in_one_sentence() -> None:
    with listening.listen("127.0.0.1", 0) as door:
        port = door.getsockname()[1]
        with pytest.raises(PortUnavailable, match=f"^Port {port} of 127.0.0.1 is already in use. .* set PORT.$"):
            listening.listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_host_that_is_not_ours_is_told_in_one_sentence(host: str) -> None:
    with pytest.raises(PortUnavailable, match="Correct HOST"):
        listening.listen(host, 0)


def test_port_is_free_again_at_once_after_a_connection_to_it() -> None:
    with listening.listen("127.0.0.1", 0) as door:
        port = door.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        door.setblocking(True)
        accepted, _ = door.accept()
        accepted.close()
        client.close()
    listening.listen("127.0.0.1", port).close()


def test_accepted_connections_drop_a_peer_that_acknowledges_nothing() -> None:
    with listening.listen("127.0.0.1", 0) as door, socket.create_connection(door.getsockname()):
        door.setblocking(True)
        accepted, _ = door.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 8_000


def test_url_is_one_a_browser_here_can_open() -> None:
    with listening.listen("0.0.0.0", 0) as door:  # noqa: S104  # what an operator may say
        assert listening.url_of(door) == f"http://localhost:{door.getsockname()[1]}"
    with listening.listen("::1", 0) as door:
        assert listening.url_of(door) == f"http://[::1]:{door.getsockname()[1]}"


def test_as_many_open_files_as_the_system_allows() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, before[1]), before[1]))
        listening.raise_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
