"""Outgoing websocket frames: the peer may be gone, and the protocol limits their size."""

from typing import Any, cast

import orjson
import pytest
from starlette.types import Message
from starlette.websockets import WebSocket
from strawberry.http.exceptions import WebSocketDisconnected
from websockets.frames import Frame, Opcode

from pocketpay.serving.connections.websocket import text_frame
from pocketpay.serving.frames import TextFrames, next_frame

CLOSE_REASON_BYTES = 123
"""The maximum length of the reason in a close frame (RFC 6455, 5.5)."""


class Peer:
    """The client side of a websocket: records the messages that arrive until it is gone."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.gone = False

    async def send(self, message: Message) -> None:
        if self.gone:
            raise ConnectionResetError
        self.messages.append(message)

    async def receive(self) -> Message:
        return {"type": "websocket.connect"}


async def opened(peer: Peer) -> TextFrames:
    websocket = WebSocket({"type": "websocket", "headers": []}, peer.receive, peer.send)
    await websocket.accept()
    return TextFrames(cast(Any, None), websocket, websocket)


async def test_sending_to_a_peer_that_is_gone_raises_websocket_disconnected() -> None:
    peer = Peer()
    frames = await opened(peer)
    peer.gone = True
    for _ in range(2):
        with pytest.raises(WebSocketDisconnected):
            await frames.send_json({"type": "connection_ack"})
    await frames.close(4400, "Too late")


async def test_closing_a_socket_whose_peer_is_gone_raises_websocket_disconnected() -> None:
    peer = Peer()
    frames = await opened(peer)
    peer.gone = True
    with pytest.raises(WebSocketDisconnected):
        await frames.close(4400, "Odd")


async def test_a_close_reason_is_cut_to_the_size_of_a_close_frame() -> None:
    peer = Peer()
    await (await opened(peer)).close(4409, "Subscriber for " + "é" * 1000 + " already exists")
    reason = peer.messages[-1]["reason"].encode()
    assert len(reason) in (CLOSE_REASON_BYTES - 1, CLOSE_REASON_BYTES)
    assert reason.startswith("Subscriber for é".encode())


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_text_frame_equals_the_frame_of_the_websockets_library(size: int) -> None:
    text = b"x" * size
    theirs = Frame(Opcode.TEXT, text).serialize(mask=False)
    assert text_frame(text) == theirs


def test_a_next_message_has_the_same_bytes_as_with_orjson() -> None:
    for id in ("1", 'a"b\\', "\u2028é"):
        message = {"id": id, "type": "next", "payload": {"data": {"version": 1}}}
        assert next_frame(id, b'{"data":{"version":1}}') == orjson.dumps(message).decode()
