"""What is said on a websocket: frames of JSON, and whether they are of the protocol."""

from collections.abc import Mapping

import orjson
from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected

from pocketpay.serving.trusted import name_in

MESSAGES = frozenset({"connection_init", "ping", "pong", "subscribe", "complete"})

REASON_BYTES = 123
"""What a close frame has room for; a reason may repeat an id that a client made up."""

GONE = (WebSocketDisconnect, RuntimeError, OSError)
"""What sending to a peer that is gone raises, by how far it has been noticed."""


class TextFrames(ASGIWebSocketAdapter):
    """JSON in text frames: a binary one is understood by no client. What is sent after the close goes nowhere."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        await self.send_text(orjson.dumps(message).decode())

    async def send_text(self, text: str) -> None:
        """Sends JSON that is written already. Raises WebSocketDisconnected when the peer is gone."""
        if self.ws.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnected
        try:
            await self.ws.send_text(text)
        except GONE as gone:
            raise WebSocketDisconnected from gone

    async def close(self, code: int, reason: str) -> None:
        if self.ws.application_state is WebSocketState.CONNECTED:
            try:
                await self.ws.close(code=code, reason=reason.encode()[:REASON_BYTES].decode(errors="ignore"))
            except GONE as gone:
                raise WebSocketDisconnected from gone


def next_frame(id: str, payload: bytes) -> str:
    """A `next` message of that operation, with a payload that is JSON."""
    return f'{{"id":{orjson.dumps(id).decode()},"type":"next","payload":{payload.decode()}}}'


def trouble(message: object) -> str | None:
    """What is odd about a frame, or None."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str) or message["type"] not in MESSAGES:
        return "Not a graphql-transport-ws message"
    if message["type"] in ("subscribe", "complete") and not isinstance(message.get("id"), str):
        return "The message has no id"
    if message["type"] == "subscribe" and not _is_request(message.get("payload")):
        return "The subscribe message has no valid request"
    return None


def _is_request(payload: object) -> bool:
    """Whether a subscribe's payload is a GraphQL request: a text or its name, and the rest of its type where it is
    there."""
    if not isinstance(payload, dict):
        return False
    query = payload.get("query")
    if not isinstance(query, str) and (query is not None or name_in(payload) is None):
        return False
    name, variables = payload.get("operationName"), payload.get("variables")
    return (name is None or isinstance(name, str)) and (variables is None or isinstance(variables, dict))
