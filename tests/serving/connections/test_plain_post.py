"""Plain requests get, byte for byte, what they would get by the parser and ASGI; everything else goes that way."""

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
from pocketpay.serving.handler import Body, Handler, PostResponder, Reply
from pocketpay.serving.http import Headers, HttpRefusal
from tests.serving.connections.raw_http import Peer, Raw, raw

BODY = b'{"query":"{ __typename }"}'


class Echo(PostResponder):
    """Answers with what it was asked."""

    def __init__(self) -> None:
        self.anonymous_bytes, self.body_seconds = 1_000, 30.0
        self.plain = 0
        self.bodies: list[bytes] = []
        self.release = asyncio.Event()
        self.release.set()

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
        told = {"data": {"body": read.decode("latin-1"), "headers": seen, "client": scope["client"][0]}}
        return Reply(told, http.status_of(told, kind), kind, request_id)


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Everything but POST /graphql."""
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
async def both() -> AsyncIterator[tuple[Raw, Echo, Raw, Echo]]:
    """A server that answers plain requests itself, and one that gives all of them to ASGI."""
    plain, parsed = Echo(), Echo()
    async with AsyncExitStack() as open_:
        one = await open_.enter_async_context(raw(responder=plain, other=Handler(nothing, plain)))
        other = await open_.enter_async_context(raw(other=Handler(nothing, parsed)))
        yield one, plain, other, parsed


async def said(server: Raw, data: bytes) -> bytes:
    """All that comes for that, and for an ordinary request behind it that closes the connection."""
    peer = await server.peer()
    await peer.send(data)
    first = await some(peer)
    await peer.send(b"GET /last HTTP/1.1\r\nConnection: close\r\n\r\n")
    rest = await peer.ended()
    return _without_chance(first + rest)


async def some(peer: Peer) -> bytes:
    """The first bytes, if any come: a request that is not whole gets nothing yet."""
    try:
        async with asyncio.timeout(0.3):
            return await peer.reader.read(65_536)
    except TimeoutError:
        return b""


def _without_chance(answer: bytes) -> bytes:
    answer = re.sub(rb"x-request-id: [0-9a-f]{24}", b"x-request-id: new", answer)
    return re.sub(rb"date: [^\r]*", b"date: now", answer)


async def compared(one: Raw, other: Raw, data: bytes) -> None:
    """Both servers must say the same, byte for byte."""
    first, second = await asyncio.gather(said(one, data), said(other, data))
    assert first == second, data[:300]


async def test_plain_requests_are_answered_as_by_the_parser() -> None:
    async with both() as (one, plain, other, parsed):
        for number, data in enumerate(PLAIN, start=1):
            await compared(one, other, data)
            assert (plain.plain, parsed.plain) == (number, 0), data
            assert plain.bodies == parsed.bodies


async def test_everything_else_is_the_parsers() -> None:
    async with both() as (one, plain, other, _):
        for data in OTHERS:
            await compared(one, other, data)
            assert plain.plain == 0, data[:300]


async def test_heads_changed_at_random_are_answered_as_by_the_parser() -> None:
    chance = random.Random(7)
    async with both() as (one, plain, other, _):
        for _ in range(60):
            data = bytearray(chance.choice(PLAIN[:7]))
            for _ in range(chance.randint(1, 2)):
                data[chance.randrange(len(data) - len(BODY))] = chance.choice(b"\r\n\x00\t :;,aZ0-_\x80\xff{}")
            await compared(one, other, bytes(data))
        assert 0 < plain.plain < 60


async def test_a_request_in_parts_is_the_parsers() -> None:
    async with both() as (one, plain, _, _):
        peer = await one.peer()
        for at in range(0, len(post()), 40):
            await peer.send(post()[at : at + 40])
            await asyncio.sleep(0.01)
        assert (await peer.status(), plain.plain) == (200, 0)


async def test_plain_requests_and_others_take_turns_on_one_connection() -> None:
    async with both() as (one, plain, _, _):
        peer = await one.peer()
        for _ in range(3):
            await peer.send(post(b"X-Request-Id: plain-plain"))
            assert (await peer.answer())[1]["x-request-id"] == "plain-plain"
            await peer.send(post(b"Cookie: a=b", body=b"parsed"))
            assert b"parsed" in (await peer.answer())[2]
        assert plain.plain == 3


async def test_requests_behind_a_plain_one_are_answered_in_order() -> None:
    async with both() as (one, plain, _, _):
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


async def test_a_plain_request_under_way_is_answered_when_the_server_stops() -> None:
    async with both() as (one, plain, _, _):
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


async def test_a_client_that_goes_is_sent_nothing_and_its_request_ends() -> None:
    async with both() as (one, plain, _, _):
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
async def test_a_reply_that_fails_is_500_and_closes(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with both() as (one, _, _, _):
        peer = await one.peer()
        await peer.send(post(body=body))
        status, headers, body = await peer.answer()
        assert (status, headers["connection"]) == (500, "close")
        assert b"INTERNAL" in body
        assert await peer.ended() == b""
    assert "Exception in ASGI application" in caplog.text


async def test_a_plain_request_that_outlasts_the_stop_is_answered() -> None:
    def hasty(config: uvicorn.Config) -> None:
        config.timeout_graceful_shutdown = 0

    plain = Echo()
    plain.release.clear()
    async with raw(hasty, responder=plain, other=nothing) as one:
        peer = await one.peer()
        await peer.send(post())
        await asyncio.sleep(0.05)
        one.server.should_exit = True
        status, headers, _ = await peer.answer()
        assert (status, headers["connection"]) == (500, "close")
        assert await peer.ended() == b""


async def test_an_idle_connection_after_a_plain_request_is_closed() -> None:
    plain = Echo()
    async with raw(responder=cast(Any, plain), other=nothing, keep_alive_seconds=0.2) as one:
        peer = await one.peer()
        await peer.send(post())
        assert await peer.status() == 200
        assert await peer.ended() == b""
