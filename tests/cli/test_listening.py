"""The listening port: a port that cannot be opened is an error immediately, and peers that stop reading are
dropped."""

import resource
import socket

import pytest

from pocketpay.cli import listening
from pocketpay.cli.listening import PortUnavailable


def test_a_port_in_use_is_reported_in_one_sentence() -> None:
    with listening.listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortUnavailable, match=f"^Port {port} of 127.0.0.1 is already in use. .* set PORT.$"):
            listening.listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_a_host_of_another_machine_is_reported_in_one_sentence(host: str) -> None:
    with pytest.raises(PortUnavailable, match="Correct HOST"):
        listening.listen(host, 0)


def test_the_port_is_free_immediately_after_a_connection_to_it() -> None:
    with listening.listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        listener.setblocking(True)
        accepted, _ = listener.accept()
        accepted.close()
        client.close()
    listening.listen("127.0.0.1", port).close()


def test_connections_are_dropped_when_the_peer_acknowledges_nothing() -> None:
    with listening.listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        listener.setblocking(True)
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 8_000


def test_the_printed_url_can_be_opened_on_this_machine() -> None:
    with listening.listen("0.0.0.0", 0) as listener:  # noqa: S104  # an operator may set this
        assert listening.url_of(listener) == f"http://localhost:{listener.getsockname()[1]}"
    with listening.listen("::1", 0) as listener:
        assert listening.url_of(listener) == f"http://[::1]:{listener.getsockname()[1]}"


def test_the_limit_of_open_files_is_raised_to_the_hard_limit() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, before[1]), before[1]))
        listening.raise_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
