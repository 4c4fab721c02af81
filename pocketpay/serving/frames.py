"""The messages on a websocket: JSON in text frames, and checks that they follow the protocol."""

from collections.abc import Mapping

import orjson
from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected

from pocketpay.serving.trusted import document_id_in

MESSAGES = frozenset({"connection_init", "ping", "pong", "subscribe", "complete"})

MAX_REASON_BYTES = 123
"""Largest reason in a close frame, in bytes. A reason may repeat an operation id that the client chose."""

SEND_ERRORS = (WebSocketDisconnect, RuntimeError, OSError)
"""The exceptions that sending raises when the peer has disconnected."""


class TextFrames(ASGIWebSocketAdapter):
    """Sends JSON in text frames, because clients do not read binary ones. `close` on a closed socket does nothing."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        await self.send_text(orjson.dumps(message).decode())

    async def send_text(self, text: str) -> None:
        """Sends serialized JSON. Raises WebSocketDisconnected when the peer has disconnected."""
        if self.ws.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnected
        try:
            await self.ws.send_text(text)
        except SEND_ERRORS as error:
            raise WebSocketDisconnected from error

    async def close(self, code: int, reason: str) -> None:
        if self.ws.application_state is WebSocketState.CONNECTED:
            try:
                await self.ws.close(code=code, reason=reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore"))
            except SEND_ERRORS as error:
                raise WebSocketDisconnected from error


def next_frame(id: str, payload: bytes) -> str:
    """Returns a `next` message for the operation; `payload` is serialized JSON."""
    return f"{next_prefix(id).decode()}{payload.decode()}}}"


def next_prefix(id: str) -> bytes:
    """Returns what precedes the payload in a `next` message for the operation; a brace follows it."""
    return b'{"id":%b,"type":"next","payload":' % orjson.dumps(id)


def message_error(message: object) -> str | None:
    """Returns the reason why a message is invalid, or None when it is valid."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str) or message["type"] not in MESSAGES:
        return "Not a graphql-transport-ws message"
    if message["type"] in ("subscribe", "complete") and not isinstance(message.get("id"), str):
        return "The message has no id"
    if message["type"] == "subscribe" and not _is_request(message.get("payload")):
        return "The subscribe message has no valid request"
    return None


def _is_request(payload: object) -> bool:
    """Whether the payload of a `subscribe` is a GraphQL request: a document or the id of a trusted one, and optional
    members of the right type."""
    if not isinstance(payload, dict):
        return False
    query = payload.get("query")
    if not isinstance(query, str) and (query is not None or document_id_in(payload) is None):
        return False
    name, variables = payload.get("operationName"), payload.get("variables")
    return (name is None or isinstance(name, str)) and (variables is None or isinstance(variables, dict))
