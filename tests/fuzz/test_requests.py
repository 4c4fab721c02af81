"""Bodies, headers, query strings and damaged bytes over our HTTP protocol."""

import time

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests.fuzz import answers
from tests.fuzz.bodies import BODIES, HEADERS, METHODS, PATHS, body, query_string
from tests.fuzz.damage import damaged, pieces
from tests.fuzz.rounds import Round
from tests.fuzz.served import MAX_CPU_SECONDS, Fuzzed, play, request

STATUSES = {200, 204, 307, 400, 403, 404, 405, 406, 408, 413, 415, 429, 431}
"""Every status that a request may cause. A browser gets 503 from a server in development without the explorer."""


def test_unusual_requests_cause_no_internal_error(postgres: EmbeddedPostgres) -> None:
    play(postgres, "odd_requests", _requests, cases=150)


async def _requests(fuzzed: Fuzzed, round: Round) -> None:
    chance, pool, tables = round.chance, fuzzed.pool, await fuzzed.tables()
    pool.odd_share = 0.4
    token = fuzzed.people["ada"].token
    for number in range(round.cases):
        if number < len(BODIES):
            content = BODIES[number]
            headers: list[bytes] = []
            data, is_graphql = request(content, token), True
        elif chance.random() < 0.5:
            content = body(pool)
            headers = chance.sample(HEADERS, chance.choice((0, 0, 1, 2)))
            data, is_graphql = request(content, chance.choice((token, None)), *headers), True
        else:
            method, path = chance.choice(METHODS), chance.choice(PATHS)
            if chance.random() < 0.5:
                path = b"/graphql?" + query_string(pool)
            headers = chance.sample(HEADERS, chance.choice((0, 1, 2)))
            data = b"\r\n".join([method + b" " + path + b" HTTP/1.1", b"Host: here", *headers, b"", b""])
            is_graphql = path.startswith(b"/graphql?") and method == b"GET"
        round.note(data if len(data) < 3_000 else (data[:2_000], len(data)))
        status, headers_back, answer = await _answer(fuzzed, data)
        assert status in STATUSES or (status == 503 and b"Accept: text/html" in headers), (status, answer[:500])
        if is_graphql and headers_back.get("content-type", "").startswith("application/"):
            answers.check_response(answers.parsed(answer))
        fuzzed.no_errors()
    assert await fuzzed.tables() == tables


async def _answer(fuzzed: Fuzzed, data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Sends a request on a connection of its own and reads the whole answer: HEAD and 1xx have no body."""
    peer = await fuzzed.http.peer()
    began = time.thread_time()
    await peer.send(data)
    if data.startswith((b"HEAD", b"CONNECT")):
        head = (await peer.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        answer: tuple[int, dict[str, str], bytes] = (int(head[0].split()[1]), {}, b"")
    else:
        answer = await peer.answer(30)
        while answer[0] == 100:
            answer = await peer.answer(30)
    assert time.thread_time() - began < MAX_CPU_SECONDS
    await peer.close()
    fuzzed.http.peers.remove(peer)
    return answer


SEEDS = (
    request(b'{"query":"{ __typename }"}'),
    request(b'{"query":"{ viewer { id } }"}', "x.y.z"),
    b"GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: here\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n",
    b"POST /graphql HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'1a\r\n{"query":"{ __typename }"}\r\n0\r\n\r\n',
    b"OPTIONS /graphql HTTP/1.1\r\nHost: here\r\nOrigin: http://localhost:3000\r\n"
    b"Access-Control-Request-Method: POST\r\n\r\n",
    b"GET /graphql HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n",
)
"""Valid requests, which are damaged, cut into pieces, and sent one behind another."""


def test_damaged_http_causes_no_internal_error(postgres: EmbeddedPostgres) -> None:
    seconds = dict.fromkeys(("head_seconds", "body_seconds", "keep_alive_seconds", "discard_seconds"), 0.2)
    play(postgres, "damaged_http", _damaged, cases=60, populate=False, **seconds)


async def _damaged(fuzzed: Fuzzed, round: Round) -> None:
    chance, tables = round.chance, await fuzzed.tables()
    for _ in range(round.cases):
        data = b"".join(chance.choice(SEEDS) for _ in range(chance.choice((1, 1, 2, 3))))
        if chance.random() < 0.9:
            data = damaged(data, chance)
        sent = pieces(data, chance)
        round.note(sent if len(data) < 3_000 else (data[:2_000], len(data)))
        peer = await fuzzed.http.peer()
        began = time.thread_time()
        try:
            for piece in sent:
                await peer.send(piece)
            peer.writer.write_eof()
        except OSError:
            pass  # it has closed the connection already
        answer = await peer.ended(30)
        assert time.thread_time() - began < MAX_CPU_SECONDS
        await peer.close()
        fuzzed.http.peers.remove(peer)
        for line in answer.split(b"\r\n"):
            if line.startswith(b"HTTP/1.1 "):
                assert int(line.split()[1]) in STATUSES | {100, 101, 426}, line
        fuzzed.no_errors()
    assert await fuzzed.tables() == tables
