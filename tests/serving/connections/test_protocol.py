"""HTTP connections: the limits of size and time of a request, and how every connection ends."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.asyncio.client import connect

from pocketpay.serving.connections.limits import ConnectionLimits
from tests import people
from tests.serving.connections.raw_http import GET, get, post, raw
from tests.updates.waiting import until

MOMENT = 0.3
"""The seconds of a time limit that a test waits for."""


@pytest.fixture(autouse=True)
def no_tracebacks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    warnings = [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.WARNING]
    assert not warnings


def head(size: int) -> bytes:
    """A request that is only a head, of `size` bytes."""
    empty = len(GET) + len(b"X: \r\n")
    return GET[:-2] + b"X: " + b"x" * (size - empty) + b"\r\n\r\n"


# ---------------------------------------------------------------- the head


async def test_a_head_within_the_limit_is_accepted_in_one_part_or_many() -> None:
    async with raw(head_bytes=2_000) as server:
        peer = await server.peer()
        whole = head(2_000)
        for size in (2_000, 700, 1):
            for start in range(0, len(whole), size):
                await peer.send(whole[start : start + size])
            assert await peer.status() == 200


async def test_a_head_above_the_limit_is_answered_with_431_and_closed() -> None:
    async with raw(head_bytes=2_000) as server:
        for size in (2_001, 2_500, 50_000):
            peer = await server.peer()
            await peer.send(head(size))
            status, headers, body = await peer.answer()
            assert (status, headers["connection"]) == (431, "close")
            assert b"the limit is 2000 bytes" in body
            assert await peer.ended() == b""
        assert not server.paths


async def test_an_endless_head_is_cut_off_after_a_bounded_number_of_bytes() -> None:
    """128 MB of one header used to be kept for 308 s."""
    async with raw(discard_bytes=4_000_000) as server:
        peer = await server.peer()
        await peer.send(GET[:-2] + b"X: ")
        sent = 0
        try:
            while sent < 128_000_000:
                await asyncio.wait_for(peer.send(b"x" * 100_000), 5)
                sent += 100_000
        except (ConnectionError, TimeoutError):
            pass
        assert sent < 64_000_000
        await until(lambda: server.connections.open == 0)


async def test_a_client_that_sends_everything_before_it_reads_gets_its_431() -> None:
    async with raw() as server:
        peer = await server.peer()
        await peer.send(head(4_000_000))
        assert await peer.status() == 431


async def test_too_many_headers_are_answered_with_431() -> None:
    async with raw(headers=10) as server:
        peer = await server.peer()
        await peer.send(GET[:-2] + b"A: b\r\n" * 9 + b"\r\n")
        assert await peer.status() == 200
        await peer.send(GET[:-2] + b"A: b\r\n" * 10 + b"\r\n")
        assert await peer.status() == 431
        assert await peer.ended() == b""


async def test_a_pipelined_large_head_is_refused_after_the_answer_before_it() -> None:
    async with raw(head_bytes=2_000) as server:
        peer = await server.peer()
        await peer.send(GET + head(2_400))
        assert await peer.status() == 200
        assert await peer.ended() == b""
        assert server.paths == ["/"]


async def test_bytes_that_are_not_http_are_answered_with_400() -> None:
    async with raw() as server:
        for odd in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n"):
            peer = await server.peer()
            await peer.send(odd)
            assert await peer.status() == 400
            assert await peer.ended() == b""


# ---------------------------------------------------------------- time limits


async def test_a_connection_without_a_request_is_closed_without_an_answer() -> None:
    async with raw(head_seconds=MOMENT) as server:
        silent, newlines = await server.peer(), await server.peer()
        for _ in range(3):
            await newlines.send(b"\r\n\r\n")
            await asyncio.sleep(MOMENT / 3)
        assert await silent.ended() == await newlines.ended() == b""
        await until(lambda: server.connections.open == 0)


async def test_a_slow_head_is_answered_with_408() -> None:
    async with raw(head_seconds=MOMENT) as server:
        peer = await server.peer()
        for byte in b"GET / HT":
            await peer.send(bytes([byte]))
            await asyncio.sleep(MOMENT / 10)
        status, headers, _ = await peer.answer()
        assert (status, headers["connection"]) == (408, "close")
        assert await peer.ended() == b""


async def test_the_second_head_on_a_connection_has_its_own_time_limit() -> None:
    async with raw(head_seconds=MOMENT) as server:
        peer = await server.peer()
        await peer.send(GET + GET[:10])
        assert await peer.status() == 200
        assert await peer.status() == 408


async def test_a_slow_body_is_answered_with_408() -> None:
    async with raw(body_seconds=MOMENT) as server:
        peer = await server.peer()
        await peer.send(post(b"{", length=100))
        for _ in range(3):
            await peer.send(b" ")
            await asyncio.sleep(MOMENT / 10)
        status, headers, _ = await peer.answer()
        assert (status, headers["connection"]) == (408, "close")
        assert await peer.ended() == b""
        assert not server.bodies, "the application never gets half a body"


async def test_a_pipelined_slow_body_is_refused_after_the_answer_before_it() -> None:
    async with raw(body_seconds=MOMENT) as server:
        peer = await server.peer()
        await peer.send(get("wait") + post(b"{", length=100))
        await until(lambda: server.paths == ["/wait"])
        await asyncio.sleep(2 * MOMENT)
        server.release.set()
        assert await peer.status() == 200
        assert await peer.status() == 408
        assert server.paths == ["/wait"], "the application never gets half a body"


async def test_a_body_that_the_application_does_not_read_does_not_keep_the_connection() -> None:
    async with raw(body_seconds=MOMENT) as server:
        peer = await server.peer()
        await peer.send(post(b"{", path="unread", length=100))
        assert await peer.status() == 200
        assert await peer.ended() == b""


async def test_a_request_that_is_being_answered_has_no_time_limit() -> None:
    async with raw(head_seconds=MOMENT, body_seconds=MOMENT, keep_alive_seconds=MOMENT) as server:
        peer = await server.peer()
        await peer.send(post(b"{}", path="wait"))
        await asyncio.sleep(3 * MOMENT)
        server.release.set()
        assert await peer.status() == 200


async def test_an_idle_connection_is_closed_after_its_keep_alive_time() -> None:
    async with raw(keep_alive_seconds=MOMENT) as server:
        peer = await server.peer()
        for _ in range(4):
            await peer.send(GET)
            assert await peer.status() == 200
            await asyncio.sleep(MOMENT / 2)
        assert await peer.ended() == b""
        await until(lambda: server.connections.open == 0)


async def test_a_client_that_does_not_read_its_answer_does_not_keep_its_connection() -> None:
    async with raw(keep_alive_seconds=MOMENT, unread_seconds=MOMENT, discard_seconds=MOMENT) as server:
        peer = await server.peer()
        peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
        path = "x" * 10_000
        for _ in range(1_000):
            if server.connections.open == 0:
                break
            peer.writer.write(get(path))
            await asyncio.sleep(0)
        await until(lambda: server.connections.open == 0 or len(server.bodies) == 1_000)
        await until(lambda: server.connections.open == 0)


# ---------------------------------------------------------------- bodies


async def test_a_client_that_is_still_sending_its_body_gets_an_early_answer() -> None:
    async with raw(body_bytes=100_000_000) as server:
        peer = await server.peer()
        await peer.send(post(b"x", path="unread?close", length=5_000_000))
        await peer.send(b"x" * 4_999_999)
        status, headers, _ = await peer.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert await peer.ended() == b""


async def test_the_discarded_rest_of_a_body_is_limited_in_bytes_and_seconds() -> None:
    async with raw(body_bytes=1_000, discard_bytes=2_000_000, discard_seconds=MOMENT) as server:
        many, slow = await server.peer(), await server.peer()
        await slow.send(post(b"x" * 1_001, length=10_000_000_000))
        assert await slow.status() == 413
        await many.send(post(b"x", length=10_000_000_000))
        with pytest.raises(ConnectionError):
            await many.send(b"x" * 100_000_000)
        await until(lambda: server.connections.open == 0)


async def test_a_body_with_too_many_trailer_bytes_is_refused() -> None:
    async with raw(body_bytes=10_000) as server:
        peer = await server.peer()
        await peer.send(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: ")
        for _ in range(20):
            await peer.send(b"x" * 1_000)
            await asyncio.sleep(0)
        assert await peer.status() == 413
        assert not server.bodies


async def test_trailers_of_a_chunked_body_are_ignored() -> None:
    async with raw() as server:
        peer = await server.peer()
        await peer.send(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n" + GET)
        assert [await peer.status(), await peer.status()] == [200, 200]
        assert server.bodies == [b"{}", b""]


# ---------------------------------------------------------------- several requests


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with raw() as server:
        peer = await server.peer()
        await peer.send(get("wait") + post(b"12", path="a") + get("b") + post(b"3", path="c"))
        await until(lambda: server.paths == ["/wait"])
        server.release.set()
        assert [(await peer.answer())[2] for _ in range(4)] == [b"/wait", b"/a", b"/b", b"/c"]
        assert server.bodies == [b"", b"12", b"", b"3"]


async def test_too_many_pipelined_requests_end_the_connection_after_the_first_answers() -> None:
    async with raw(pipelined=5) as server:
        peer = await server.peer()
        await peer.send(get("wait") + GET * 1_000)
        await until(lambda: server.paths == ["/wait"])
        server.release.set()
        answers = [await peer.answer() for _ in range(6)]
        assert [status for status, _, _ in answers] == [200] * 6
        assert answers[5][1]["connection"] == "close"
        assert await peer.ended() == b""
        assert len(server.paths) == 6


async def test_bytes_that_are_not_http_do_not_disturb_the_answer_before_them() -> None:
    async with raw() as server:
        peer = await server.peer()
        await peer.send(get("wait"))
        await until(lambda: server.paths == ["/wait"])
        await peer.send(b"\x00\x01\x02\r\n\r\n")
        await asyncio.sleep(0.05)
        server.release.set()
        status, headers, body = await peer.answer()
        assert (status, headers["connection"], body) == (200, "close", b"/wait")
        assert await peer.ended() == b""


# ---------------------------------------------------------------- the number of connections


async def test_connections_are_limited_per_address() -> None:
    async with raw(per_address=3) as server:
        kept = [await server.peer() for _ in range(3)]
        await until(lambda: server.connections.open == 3)
        refused = await server.peer()
        await refused.send(GET)
        status, headers, _ = await refused.answer()
        assert (status, headers["connection"], headers["retry-after"]) == (503, "close", "1")
        assert await refused.ended() == b""
        other = await server.peer(source="127.0.0.2")
        await other.send(GET)
        assert await other.status() == 200
        await kept[0].close()
        await until(lambda: server.connections.open == 3)
        again = await server.peer()
        await again.send(GET)
        assert await again.status() == 200
        assert server.connections.refusals == 1


async def test_a_new_connection_replaces_an_idle_one_of_the_same_address() -> None:
    async with raw(per_address=2) as server:
        idle, waiting = await server.peer(), await server.peer()
        for peer, request in ((idle, GET), (waiting, get("wait"))):
            await peer.send(request)
        assert await idle.status() == 200
        await until(lambda: len(server.connections.idle) == 1)
        new = await server.peer()
        await new.send(GET)
        assert await new.status() == 200
        assert await idle.ended() in (b"", b"reset")
        server.release.set()
        assert await waiting.status() == 200


async def test_idle_and_silent_connections_are_closed_first_at_the_total_limit() -> None:
    async with raw(total=3, per_address=None) as server:
        silent, idle, waiting = [await server.peer(source=f"127.0.0.{n}") for n in (2, 3, 4)]
        await idle.send(GET)
        assert await idle.status() == 200
        await waiting.send(get("wait"))
        await until(lambda: "/wait" in server.paths)
        first, second = await server.peer(), await server.peer()
        await first.send(get("wait"))
        assert await idle.ended() in (b"", b"reset")
        await second.send(get("wait"))
        assert await silent.ended() in (b"", b"reset")
        await until(lambda: server.paths.count("/wait") == 3)
        third = await server.peer()
        await third.send(GET)
        assert await third.status() == 503
        assert server.connections.open == 3
        server.release.set()
        assert [await peer.status() for peer in (waiting, first, second)] == [200] * 3


async def test_refused_connections_are_not_kept_open() -> None:
    async with raw(total=2, per_address=None) as server:
        waiting = [await server.peer(), await server.peer()]
        for peer in waiting:
            await peer.send(get("wait"))
        await until(lambda: len(server.paths) == 2)
        flood = [await server.peer() for _ in range(60)]
        assert len(server.connections.refused) <= 16
        ends = [await peer.ended() for peer in flood]
        assert sum(b" 503 " in end for end in ends) >= 16
        assert server.connections.open == 2


@pytest.mark.parametrize(
    ("files", "total", "per_address"), [(256, 192, 48), (1_024, 960, 240), (20_000, 10_000, 500), (40, 20, 5)]
)
def test_the_connection_limit_leaves_open_files_for_the_server(files: int, total: int, per_address: int) -> None:
    limits = ConnectionLimits.of(people.made(), open_files=files)
    assert (limits.total, limits.per_address) == (total, per_address)


async def test_a_trusted_proxy_or_a_setting_of_zero_has_no_limit_per_address() -> None:
    settings = people.made(trusted_proxies="127.0.0.0/8", connections_per_address=1)
    limits = ConnectionLimits.of(settings)
    assert limits.per_address == 1
    assert ConnectionLimits.of(people.made(connections_per_address=0)).per_address is None
    async with raw(per_address=1, proxies=limits.proxies) as server:
        for _ in range(3):
            peer = await server.peer()
            await peer.send(GET)
            assert await peer.status() == 200
        assert server.connections.open == 3


# ---------------------------------------------------------------- websockets

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
)


async def test_an_upgraded_connection_has_no_http_timeouts_and_is_counted_until_it_ends() -> None:
    soon: dict[str, Any] = dict.fromkeys(
        ("head_seconds", "body_seconds", "keep_alive_seconds", "discard_seconds"), MOMENT
    )
    async with raw(**soon, per_address=1) as server:
        async with connect(f"ws://127.0.0.1:{server.port}/", proxy=None) as socket:
            await asyncio.sleep(3 * MOMENT)
            await socket.send("hello")
            assert await socket.recv() == "heard"
            assert server.connections.open == 1
            refused = await server.peer()
            await refused.send(GET)
            assert await refused.status() == 503
        await until(lambda: server.connections.open == 0)


async def test_the_head_of_a_websocket_upgrade_has_the_same_limits() -> None:
    async with raw(head_bytes=20_000) as server:
        for more, status in ((b"", 101), (b"X: " + b"x" * 9_000 + b"\r\n", 431), (b"X: " + b"x" * 30_000, 431)):
            peer = await server.peer()
            await peer.send(UPGRADE + more + b"\r\n")
            assert await peer.status() == status


async def test_an_invalid_websocket_upgrade_is_answered_without_a_traceback() -> None:
    async with raw() as server:
        posted = UPGRADE.replace(b"GET", b"POST") + b"\r\n"
        with_body = UPGRADE + b"Content-Length: 2\r\n\r\n{}"
        for odd in (posted, with_body, UPGRADE.replace(b"Version: 13", b"Version: 1") + b"\r\n"):
            peer = await server.peer()
            await peer.send(odd)
            assert await peer.status() in (400, 405, 426)
            await peer.ended()
        await until(lambda: server.connections.open == 0)


async def test_a_refused_websocket_upgrade_is_answered_and_logs_no_error() -> None:
    """Each refused upgrade used to be logged as an error, so anybody could fill the log."""
    async with raw() as server:
        peer = await server.peer()
        await peer.send(UPGRADE.replace(b" / ", b" /refused ") + b"\r\n")
        status, headers, _ = await peer.answer()
        assert (status, headers["retry-after"]) == (429, "1")
        assert await peer.ended() == b""


async def test_a_pipelined_websocket_upgrade_is_refused() -> None:
    async with raw() as server:
        peer = await server.peer()
        await peer.send(get("wait") + UPGRADE + b"\r\n")
        await until(lambda: server.paths == ["/wait"])
        server.release.set()
        assert await peer.status() == 200
        assert await peer.ended() == b""


async def test_a_websocket_whose_peer_does_not_read_is_closed() -> None:
    """Such a websocket used to stay open forever, even after the server had closed it."""
    async with raw(unread_seconds=MOMENT, discard_seconds=MOMENT) as server:
        for path in ("flood", "end"):
            peer = await server.peer()
            peer.writer.transport.pause_reading()  # type: ignore[attr-defined]
            await peer.send(UPGRADE.replace(b" / ", b" /%s " % path.encode()) + b"\r\n")
            await until(lambda: f"/{path}" in server.paths)  # noqa: B023 - called at once
            await until(lambda: server.connections.open == 0)


# ---------------------------------------------------------------- stopping the server


async def test_stopping_the_server_closes_idle_connections_and_finishes_requests() -> None:
    async with raw() as server:
        idle, silent, begun, answering = [await server.peer() for _ in range(4)]
        await idle.send(GET)
        assert await idle.status() == 200
        await begun.send(GET[:10])
        await answering.send(get("wait"))
        await until(lambda: "/wait" in server.paths)
        server.server.should_exit = True
        assert [await peer.ended() for peer in (idle, silent, begun)] == [b""] * 3
        server.release.set()
        status, headers, body = await answering.answer()
        assert (status, headers["connection"], body) == (200, "close", b"/wait")
        assert await answering.ended() == b""


async def test_stopping_the_server_gives_an_incomplete_body_a_short_time_to_arrive() -> None:
    async with raw(stop_seconds=MOMENT) as server:
        slow, quick = await server.peer(), await server.peer()
        for peer in (slow, quick):
            await peer.send(post(b"{", length=2))
        await until(lambda: len(server.paths) == 2)
        server.server.should_exit = True
        await until(lambda: len(server.connections.stopping) == 2)
        await quick.send(b"}")
        status, headers, _ = await quick.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert await slow.status() == 503
        assert server.bodies == [b"{}"]
