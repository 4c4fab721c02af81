"""Messages of graphql-transport-ws of any shape, and damaged websocket frames.

The server answers, or closes with a documented code. Other sockets and the log do not notice.
"""

import asyncio
import json
import re
import struct
import time
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.serving import sockets
from tests.fuzz import answers
from tests.fuzz.damage import damaged, pieces
from tests.fuzz.documents import DocumentMaker
from tests.fuzz.rounds import Round
from tests.fuzz.served import MAX_CPU_SECONDS, SCHEMA, Fuzzed, play

DOCUMENTED = {int(code) for code in re.findall(r"^ {4}(\d{4}) ", sockets.__doc__ or "", re.MULTILINE)} - {1012, 1013}
OF_THE_PROTOCOL = {1000, 1002, 1005, 1006, 1007, 1009, 4406}
"""The codes of the websocket library for frames that are not of the protocol; 1005 and 1006 mean no code."""

TYPES = ("connection_init", "ping", "pong", "subscribe", "complete", "next", "error", "connection_ack", "start", "")
RAW = (
    *("", "[]", "1", "null", '"x"', "{}", "[" * 60_000, "{" * 50, '{"type":', '{"type":"ping"}' * 2, "NaN", "\0"),
    *(
        '{"type":"ping","type":1}',
        '{"type":"\\ud800"}',
        '{"id":' + "9" * 60_000 + "}",
        '{"type":"ping","payload":[[[]]]}',
    ),
)
"""Texts that are not usual messages."""


# A message that closes the socket cancels its operations. A resolver that has not started by then is never awaited.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_unusual_messages_cause_no_internal_error(postgres: EmbeddedPostgres) -> None:
    assert len(DOCUMENTED) >= 6
    play(postgres, "odd_messages", _messages, cases=40)


async def _messages(fuzzed: Fuzzed, round: Round) -> None:
    chance, tables = round.chance, await fuzzed.tables()
    maker = DocumentMaker(SCHEMA, fuzzed.pool)
    for _ in range(round.cases):
        fuzzed.pool.odd_share = chance.choice((0.05, 0.3))
        said = [_message(fuzzed, round, maker) for _ in range(chance.randrange(1, 8))]
        round.note([text[:1_500] for text in said])
        began = time.thread_time()
        async with connect(
            f"ws://127.0.0.1:{fuzzed.http.port}/graphql",
            subprotocols=[Subprotocol("graphql-transport-ws")],
            compression=None,
            max_size=None,
        ) as socket:
            with suppress(ConnectionClosed):
                if chance.random() < 0.9:
                    payload = (
                        {"Authorization": f"Bearer {fuzzed.people['ada'].token}"} if chance.random() < 0.7 else {}
                    )
                    await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
                for text in said:
                    await socket.send(text)
                await socket.send('{"type":"ping"}')
                await _until_pong(socket)
            if socket.close_code is not None:
                assert socket.close_code in DOCUMENTED | OF_THE_PROTOCOL, socket.close_code
        assert time.thread_time() - began < MAX_CPU_SECONDS
        fuzzed.no_errors()
    changed = {name for name, sum_ in (await fuzzed.tables()).items() if sum_ != tables[name]}
    assert not changed, "a websocket changes nothing"


def _message(fuzzed: Fuzzed, round: Round, maker: DocumentMaker) -> str:
    chance, pool = round.chance, fuzzed.pool
    if chance.random() < 0.15:
        return str(pool.pick(RAW))
    message: dict[str, Any] = {
        "type": pool.pick(TYPES) if chance.random() < 0.3 else "subscribe",
        "id": pool.pick("123"),
    }
    if message["type"] == "subscribe":
        document = maker.document(pool.pick(("query", "query", "subscription", "subscription", "mutation")))
        message["payload"] = {"query": document.text, "variables": document.variables}
    for name in ("type", "id", "payload", "extra"):
        if chance.random() < pool.odd_share / 4:
            message[name] = pool.json(2)
    payload = message.get("payload")
    if isinstance(payload, dict) and chance.random() < pool.odd_share:
        payload[pool.pick(("query", "variables", "operationName", "extensions", "documentId"))] = pool.json(2)
    return json.dumps(message)


async def _until_pong(socket: ClientConnection) -> None:
    """Reads the answers until the last ping is answered. Operations may still run then."""
    async with asyncio.timeout(30):
        while True:
            message = json.loads(await socket.recv())
            match message["type"]:
                case "pong":
                    return
                case "next":
                    answers.check_response(message["payload"])
                case "error":
                    answers.check_response({"errors": message["payload"]})
                case other:
                    assert other in ("connection_ack", "ping", "complete"), message


UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


def frame(payload: bytes, *, opcode: int = 1, final: bool = True, masked: bool = True) -> bytes:
    """A frame from a client."""
    head = bytes([(0x80 if final else 0) | opcode])
    bit = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) < 65_536:
        head += struct.pack(">BH", bit | 126, len(payload))
    else:
        head += struct.pack(">BQ", bit | 127, len(payload))
    if not masked:
        return head + payload
    mask = b"\x01\x02\x03\x04"
    return head + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))


FRAMES = (
    frame(b'{"type":"connection_init"}'),
    frame(b'{"type":"ping"}'),
    frame(b'{"type":"subscribe","id":"1","payload":{"query":"{ __typename }"}}'),
    frame(b'{"type":"pi', final=False) + frame(b'ng"}', opcode=0),
    frame(b"x", opcode=9),
    frame(b"x" * 126, opcode=9),
    frame(b"x", opcode=10),
    frame(b"\x03\xe8bye", opcode=8),
    frame(b"\x03", opcode=8),
    frame(b"\xff\xff", opcode=8),
    frame(b"\x03\xe8\xff\xfe", opcode=8),
    frame(b"\xff\xfe"),
    frame(b"x", opcode=2),
    frame(b"x", opcode=0),
    frame(b"x", opcode=3),
    frame(b"x", opcode=15),
    frame(b"x", masked=False),
    frame(b"x" * 66_000),
    b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\xf1\x80\x01\x02\x03\x04",
)
"""Valid and invalid frames."""


def test_damaged_frames_cause_no_internal_error(postgres: EmbeddedPostgres) -> None:
    seconds = dict.fromkeys(("head_seconds", "body_seconds", "keep_alive_seconds", "discard_seconds"), 0.2)
    play(postgres, "damaged_frames", _frames, cases=40, populate=False, **seconds)


async def _frames(fuzzed: Fuzzed, round: Round) -> None:
    chance, tables = round.chance, await fuzzed.tables()
    for _ in range(round.cases):
        data = b"".join(chance.choice(FRAMES) for _ in range(chance.randrange(1, 6)))
        if chance.random() < 0.7:
            data = damaged(data, chance, tokens=(*FRAMES, b"\0" * 8, b"\xff" * 8))
        sent = [UPGRADE + data] if chance.random() < 0.3 else [UPGRADE, *pieces(data, chance)]
        round.note(sent if len(data) < 3_000 else (data[:2_000], len(data)))
        peer = await fuzzed.http.peer()
        began = time.thread_time()
        with suppress(OSError):
            for piece in sent:
                await peer.send(piece)
            peer.writer.write_eof()
        answer = await peer.ended(30)
        assert time.thread_time() - began < MAX_CPU_SECONDS
        assert answer.startswith((b"HTTP/1.1 101", b"HTTP/1.1 400", b"reset")), answer[:200]
        await peer.close()
        fuzzed.http.peers.remove(peer)
        fuzzed.no_errors()
    assert await fuzzed.tables() == tables
