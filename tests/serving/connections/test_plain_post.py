"""Plain requests get the same bytes as from the parser and ASGI, which handle all other requests."""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from pocketpay.serving import http
from pocketpay.serving.connections import plain_post
from pocketpay.serving.connections.plain_post import read_head
from pocketpay.serving.event_streams import EventStreams
from pocketpay.serving.handler import Body, Handler, PostResponder, Reply
from pocketpay.serving.http import Headers, HttpRefusal
from tests.serving.connections.raw_http import Peer, Raw, raw

BODY = b'{"query":"{ __typename }"}'


class Echo(PostResponder):
    """Answers each request with its own body and headers."""

    def __init__(self) -> None:
        self.anonymous_bytes, self.body_seconds = 1_000, 30.0
        self.plain = 0
        self.bodies: list[bytes] = []
        self.release = asyncio.Event()
        self.release.set()
        self.event_streams = EventStreams(cast(Any, None))

    async def max_bytes(self, headers: Headers) -> int:
        return self.anonymous_bytes

    async def reply(self, scope: Scope, headers: Headers, body: Body) -> Reply:
        self.plain += isinstance(body, bytes)
        kind, request_id = http.JSON, http.request_id(headers)
        try:
            kind = http.media_type(headers.get(b"accept", b""))
            http.require_json(headers)
            read = body if isinstance(body, bytes) else await body()
            self.bodies.append(read)
            await self.release.wait()
            if b"fail" in read:
                raise RuntimeError("told to fail")
            if b"cancel" in read:
                raise asyncio.CancelledError
            if b"often" in read:
                raise http.too_many_requests(7)
        except HttpRefusal as refused:
            return Reply(refused.payload, refused.status, kind, request_id, refused.headers)
        seen = {name.decode(): value.decode("latin-1") for name, value in sorted(headers.items())}
        content = {"data": {"body": read.decode("latin-1"), "headers": seen, "client": scope["client"][0]}}
        return Reply(content, http.status_of(content, kind), kind, request_id)


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """The application for every request except POST /graphql."""
    refused = HttpRefusal(404, "Nothing here.")
    await http.send_refusal(send, refused, kind=http.JSON, request_id=http.request_id(dict(scope["headers"])))


def post(
    *more: bytes, body: bytes = BODY, line: bytes = b"POST /graphql HTTP/1.1", length: bytes | None = None
) -> bytes:
    size = b"%d" % len(body) if length is None else length
    given = (b"Host: here", b"Content-Type: application/json", b"Content-Length: " + size, *more)
    return line + b"\r\n" + b"".join(header + b"\r\n" for header in given) + b"\r\n" + body


PLAIN = [
    post(),
    post(b"Authorization: Bearer a.b-c_d", b"Accept: */*", b"User-Agent: curl/8", b"X-Request-Id: of-my-own.1"),
    post(b"ACCEPT: application/graphql-response+json", b"connection: Keep-Alive", b"accept-language: de, en;q=0.5"),
    post(b"Accept: text/html"),
    post(b"Accept: "),
    post(b"User-Agent: caf\xe9"),
    post(b"User-Agent:no-space"),
    post(b"User-Agent: a\tb"),
    post(b"X-Pocketpay-Cost: 1"),
    post(body=b""),
    post(body=b"x" * 1_000),
    post(body=b"often"),
    post(length=b"00026"),
    b"POST /graphql HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
]

OTHERS = [
    post(b"Origin: http://localhost:5173"),
    post(b"Accept: */*", b"Accept: text/html"),
    post(b"Expect: 100-continue"),
    post(b"X-Forwarded-For: 192.0.2.1"),
    post(b"Cookie: a=b"),
    post(b"User-Agent:  two-spaces"),
    post(b"User-Agent: trailing "),
    post(b"Connection: close"),
    post(body=b"x" * 1_001),
    post(body=b"x" * 2_000_000),
    post(line=b"POST /graphql HTTP/1.0"),
    post(line=b"POST /graphql?x=1 HTTP/1.1"),
    post(line=b"GET /graphql HTTP/1.1"),
    post(line=b"POST /other HTTP/1.1"),
    post(line=b"post /graphql HTTP/1.1"),
    b"\r\n" + post(),
    post() + post(body=b"second"),
    post(length=b"+26"),
    post(length=b"26, 26"),
    post(length=b"99999999999999"),
    post(b"Content-Length: 26"),
    post(b"User-Agent: a\x00b"),
    post(b"User-Agent: a\x7fb"),
    post(b"User-Agent: a\nb: c"),
    post(b"User-Agent: a\rb"),
    post(b"User Agent: b"),
    post(b": no name"),
    post(b" folded"),
    post(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n"),
    post(*(b"X-%d: 1" % number for number in range(120))),
    post(b"User-Agent: " + b"x" * 20_000),
    b"POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\n\r\n",
]


@asynccontextmanager
async def both_servers() -> AsyncIterator[tuple[Raw, Echo, Raw, Echo]]:
    """Two servers: one answers plain requests directly, the other passes all requests to ASGI."""
    plain, parsed = Echo(), Echo()
    async with AsyncExitStack() as open_:
        one = await open_.enter_async_context(raw(responder=plain, other=Handler(not_found, plain)))
        other = await open_.enter_async_context(raw(other=Handler(not_found, parsed)))
        yield one, plain, other, parsed


async def answer_to(server: Raw, data: bytes) -> bytes:
    """All bytes that answer `data` and a usual request after it, which closes the connection."""
    peer = await server.peer()
    await peer.send(data)
    first = await first_bytes(peer)
    await peer.send(b"GET /last HTTP/1.1\r\nConnection: close\r\n\r\n")
    rest = await peer.ended()
    return _without_new_ids(first + rest)


async def first_bytes(peer: Peer) -> bytes:
    """The first bytes of an answer, if any: an incomplete request gets none."""
    try:
        async with asyncio.timeout(0.3):
            return await peer.reader.read(65_536)
    except TimeoutError:
        return b""


def _without_new_ids(answer: bytes) -> bytes:
    answer = re.sub(rb"x-request-id: [0-9a-f]{24}", b"x-request-id: new", answer)
    return re.sub(rb"date: [^\r]*", b"date: now", answer)


async def assert_same_answer(one: Raw, other: Raw, data: bytes) -> None:
    """Asserts that both servers send the same bytes."""
    first, second = await asyncio.gather(answer_to(one, data), answer_to(other, data))
    assert first == second, data[:300]


async def test_plain_requests_get_the_same_answer_as_from_the_parser() -> None:
    async with both_servers() as (one, plain, other, parsed):
        for number, data in enumerate(PLAIN, start=1):
            await assert_same_answer(one, other, data)
            assert (plain.plain, parsed.plain) == (number, 0), data
            assert plain.bodies == parsed.bodies


async def test_other_requests_go_to_the_parser() -> None:
    async with both_servers() as (one, plain, other, _):
        for data in OTHERS:
            await assert_same_answer(one, other, data)
            assert plain.plain == 0, data[:300]


async def test_randomly_changed_heads_get_the_same_answer_as_from_the_parser() -> None:
    chance = random.Random(7)
    async with both_servers() as (one, plain, other, _):
        for _ in range(60):
            data = bytearray(chance.choice(PLAIN[:7]))
            for _ in range(chance.randint(1, 2)):
                data[chance.randrange(len(data) - len(BODY))] = chance.choice(b"\r\n\x00\t :;,aZ0-_\x80\xff{}")
            await assert_same_answer(one, other, bytes(data))
        assert 0 < plain.plain < 60


def test_a_head_that_was_read_before_is_read_the_same() -> None:
    """A head depends on its bytes alone, and the limits hold for a cached one too."""
    for data in (*PLAIN, *OTHERS):
        limits = {"max_bytes": 16_384, "max_body_bytes": 1_000}
        first = read_head(data, **limits)
        assert first == read_head(data, **limits)
        if first is not None:
            assert first == plain_post._parsed(first.raw)
            assert data.startswith(first.raw)
            assert read_head(data, max_bytes=len(first.raw), max_body_bytes=first.body_bytes) == first
            assert read_head(data, max_bytes=len(first.raw) - 1, max_body_bytes=first.body_bytes) is None
            assert read_head(data, max_bytes=len(first.raw), max_body_bytes=first.body_bytes - 1) is None


def test_only_heads_of_usual_size_are_cached() -> None:
    before = plain_post._cached.cache_info().currsize
    usual, large = post(b"User-Agent: usual"), post(b"User-Agent: " + b"x" * plain_post.MAX_CACHED_BYTES)
    for _ in range(2):
        for data in (usual, large):
            assert read_head(data, max_bytes=16_384, max_body_bytes=1_000) is not None
    assert plain_post._cached.cache_info().currsize == min(before + 1, plain_post.MAX_CACHED)


async def test_a_request_that_arrives_in_parts_goes_to_the_parser() -> None:
    async with both_servers() as (one, plain, _, _):
        peer = await one.peer()
        for at in range(0, len(post()), 40):
            await peer.send(post()[at : at + 40])
            await asyncio.sleep(0.01)
        assert (await peer.status(), plain.plain) == (200, 0)


async def test_plain_and_other_requests_can_alternate_on_one_connection() -> None:
    async with both_servers() as (one, plain, _, _):
        peer = await one.peer()
        for _ in range(3):
            await peer.send(post(b"X-Request-Id: plain-plain"))
            assert (await peer.answer())[1]["x-request-id"] == "plain-plain"
            await peer.send(post(b"Cookie: a=b", body=b"parsed"))
            assert b"parsed" in (await peer.answer())[2]
        assert plain.plain == 3


async def test_requests_pipelined_after_a_plain_one_are_answered_in_order() -> None:
    async with both_servers() as (one, plain, _, _):
        peer = await one.peer()
        plain.release.clear()
        await peer.send(post(body=b"first"))
        await asyncio.sleep(0.05)
        await peer.send(post(body=b"second"))
        await peer.send(post(body=b"third"))
        await asyncio.sleep(0.05)
        plain.release.set()
        assert [b"first" in (await peer.answer())[2], b"second" in (await peer.answer())[2]] == [True, True]
        assert b"third" in (await peer.answer())[2]
        assert plain.plain == 1


async def test_a_running_plain_request_is_answered_when_the_server_stops() -> None:
    async with both_servers() as (one, plain, _, _):
        peer = await one.peer()
        plain.release.clear()
        await peer.send(post())
        await asyncio.sleep(0.05)
        one.server.should_exit = True
        await asyncio.sleep(0.2)
        plain.release.set()
        status, headers, _ = await peer.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert await peer.ended() == b""


async def test_a_plain_request_ends_when_its_client_disconnects() -> None:
    async with both_servers() as (one, plain, _, _):
        peer = await one.peer()
        plain.release.clear()
        await peer.send(post())
        await asyncio.sleep(0.05)
        await peer.close()
        await asyncio.sleep(0.05)
        assert one.connections.open == 0
        plain.release.set()
        await asyncio.sleep(0.05)
        assert len(plain.bodies) == 1


@pytest.mark.parametrize("body", [b"fail", b"cancel"])
async def test_a_failed_reply_is_answered_with_500_and_closes_the_connection(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with both_servers() as (one, _, _, _):
        peer = await one.peer()
        await peer.send(post(body=body))
        status, headers, body = await peer.answer()
        assert (status, headers["connection"]) == (500, "close")
        assert b"INTERNAL" in body
        assert await peer.ended() == b""
    assert "request_failed" in caplog.text


async def test_a_plain_request_cancelled_by_the_stop_is_answered_with_500() -> None:
    def hasty(config: uvicorn.Config) -> None:
        config.timeout_graceful_shutdown = 0

    plain = Echo()
    plain.release.clear()
    async with raw(hasty, responder=plain, other=not_found) as one:
        peer = await one.peer()
        await peer.send(post())
        await asyncio.sleep(0.05)
        one.server.should_exit = True
        status, headers, _ = await peer.answer()
        assert (status, headers["connection"]) == (500, "close")
        assert await peer.ended() == b""


async def test_an_idle_connection_after_a_plain_request_is_closed() -> None:
    plain = Echo()
    async with raw(responder=cast(Any, plain), other=not_found, keep_alive_seconds=0.2) as one:
        peer = await one.peer()
        await peer.send(post())
        assert await peer.status() == 200
        assert await peer.ended() == b""
