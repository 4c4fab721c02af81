"""GraphQL over HTTP: checks requests, and sends responses with their status and headers.

    refused before execution  400 not JSON, no query · 405 another method, a mutation by GET · 406 · 408 · 413 · 415
    application/json          200 for every well-formed request
    …graphql-response+json    200 with data, 400 when the document or its variables are refused

Every response is JSON, also an HTTP error. Each response has a request id and must not be cached.
"""

import re
from asyncio import timeout
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from starlette.types import Receive, Send

from pocketpay.api.bad_input import BAD_USER_INPUT
from pocketpay.errors import PocketPayError
from pocketpay.serving import request_ids
from pocketpay.serving.failures import (
    DOCUMENT_NOT_FOUND,
    INTERNAL,
    PERSISTED_QUERY_NOT_SUPPORTED,
    RATE_LIMITED,
    SERVICE_BUSY,
)
from pocketpay.serving.trusted import NO_TEXTS, Texts, document_id_in, text_of

JSON = b"application/json"
GRAPHQL_JSON = b"application/graphql-response+json"
EVENT_STREAM = b"text/event-stream"

ABORT = "pocketpay.abort"
"""The ASGI extension that closes a connection immediately, without the bytes that the client has not read."""

WRITE_TEXT = "pocketpay.write_text"
"""The ASGI extension that writes a text to a websocket at once, if it can (decision 37)."""

COST_HEADER = b"x-pocketpay-cost"
"""Any value but 0 requests `extensions.cost` in the response; 0 leaves it out."""

SECURITY_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]

ANONYMOUS_BYTES = 65_536
"""Largest body without a valid token, in bytes. A sign-in has 200."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.-]{8,64}")

Headers = Mapping[bytes, bytes]


class HttpRefusal(PocketPayError):
    """Raised when a request is refused before it is executed. Holds the HTTP status, message and code."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str = BAD_USER_INPUT,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.headers = status, message, code, headers

    @property
    def payload(self) -> dict[str, Any]:
        return {"errors": [{"message": self.message, "extensions": {"code": self.code}}]}


CLOSE = ((b"connection", b"close"),)
INTERNAL_ERROR = HttpRefusal(500, "An internal error occurred. It has been logged.", code=INTERNAL)


NO_SUCH_DOCUMENT = HttpRefusal(400, "This server has no document with this id.", code=DOCUMENT_NOT_FOUND)
HASH_WITHOUT_TEXT = HttpRefusal(200, "PersistedQueryNotSupported", code=PERSISTED_QUERY_NOT_SUPPORTED)
"""Status, message and code are those of Apollo: its clients then send the text, and no hash again."""


def too_many_requests(retry_after_seconds: int) -> HttpRefusal:
    retry_after = str(retry_after_seconds).encode()
    return HttpRefusal(429, "Too many requests.", code=RATE_LIMITED, headers=((b"retry-after", retry_after),))


def busy() -> HttpRefusal:
    message = "The service is busy. Try again in a moment."
    return HttpRefusal(503, message, code=SERVICE_BUSY, headers=((b"retry-after", b"1"),))


class GraphQLRequest(NamedTuple):
    """The members of a GraphQL request."""

    query: str
    operation_name: str | None
    variables: dict[str, Any] | None


def wants_cost(headers: Headers, *, default: bool) -> bool:
    """Whether the response includes the cost of the document; `default` is the result for requests without the
    header."""
    header = headers.get(COST_HEADER)
    return default if header is None else header != b"0"


def request_id(headers: Headers) -> str:
    """Returns the X-Request-Id header when it is valid, else a new id."""
    header = headers.get(b"x-request-id")
    if header is not None and _REQUEST_ID.fullmatch(header):
        return header.decode()
    return request_ids.new()


def may_exceed(headers: Headers, max_bytes: int) -> bool:
    """Whether the body may exceed `max_bytes`: its Content-Length is larger, or is missing or invalid."""
    length = headers.get(b"content-length")
    return length is None or not length.isdigit() or len(length) > 12 or int(length) > max_bytes


async def body(receive: Receive, headers: Headers, *, max_bytes: int, within_seconds: float) -> bytes:
    """Returns the request's body. Raises HttpRefusal when it is too large or too slow, ConnectionResetError when the
    client disconnects."""
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or len(length) > 12 or int(length) > max_bytes:
        raise _too_large(max_bytes)
    try:
        async with timeout(within_seconds):
            message = await receive()
            received: bytes = message.get("body", b"")
            while message.get("more_body"):
                if len(received) > max_bytes:
                    raise _too_large(max_bytes)
                message = await receive()
                received += message.get("body", b"")
    except TimeoutError:
        raise HttpRefusal(408, "The request body did not arrive in time.", headers=CLOSE) from None
    if message["type"] == "http.disconnect":
        raise ConnectionResetError
    if len(received) > max_bytes:
        raise _too_large(max_bytes)
    return received


def _too_large(max_bytes: int) -> HttpRefusal:
    return HttpRefusal(413, f"The request body is larger than {max_bytes} bytes.", headers=CLOSE)


def require_json(headers: Headers) -> None:
    """Raises HttpRefusal unless the headers declare uncompressed JSON in UTF-8."""
    if (
        not _is_json(headers.get(b"content-type", b""))
        or headers.get(b"content-encoding", b"identity") != b"identity"
    ):
        raise HttpRefusal(415, "Send JSON: `Content-Type: application/json`, not compressed.")


@lru_cache(maxsize=64)
def _is_json(content_type: bytes) -> bool:
    kind, _, parameters = content_type.lower().partition(b";")
    charset = parameters.strip().removeprefix(b"charset=").strip(b'"')
    return kind.strip() == JSON and charset in (b"", b"utf-8", b"utf8")


def parse_body(raw: bytes, texts: Texts = NO_TEXTS) -> GraphQLRequest:
    """Parses a body. `texts` are the trusted documents. Raises HttpRefusal when the body is not a request of the
    GraphQL over HTTP specification."""
    try:
        members = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise HttpRefusal(400, f"The body is not JSON: {error}.") from None
    if not isinstance(members, dict):
        raise HttpRefusal(400, "The body is not a JSON object.")
    return parse_members(members, texts)


def parse_members(members: Mapping[str, Any], texts: Texts = NO_TEXTS) -> GraphQLRequest:
    """Returns the checked members of a request. Raises HttpRefusal when one is missing or has a wrong type."""
    query = members.get("query")
    if query is None and document_id_in(members) is not None:
        query = text_of(members, texts)
        if query is None:
            raise NO_SUCH_DOCUMENT if members.get("documentId") is not None else HASH_WITHOUT_TEXT
    if not isinstance(query, str) or not query:
        raise HttpRefusal(400, "`query` is missing. It is the text of a GraphQL document.")
    name, variables = members.get("operationName"), members.get("variables")
    if name is not None and not isinstance(name, str):
        raise HttpRefusal(400, "`operationName` is not a string.")
    if variables is not None and not isinstance(variables, dict):
        raise HttpRefusal(400, "`variables` is not an object.")
    extensions = members.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise HttpRefusal(400, "`extensions` is not an object.")
    return GraphQLRequest(query, name or None, variables)


def parse_query_string(parameters: Mapping[str, str], texts: Texts = NO_TEXTS) -> GraphQLRequest:
    """Parses a query string, in which variables and extensions are JSON. Raises HttpRefusal."""
    members: dict[str, Any] = dict(parameters)
    for name in ("variables", "extensions"):
        if name in parameters:
            try:
                members[name] = orjson.loads(parameters[name])
            except orjson.JSONDecodeError as error:
                raise HttpRefusal(400, f"`{name}` is not JSON: {error}.") from None
    return parse_members(members, texts)


@lru_cache(maxsize=256)
def media_type(accept: bytes) -> bytes:
    """Returns the media type of the response, application/json by default. Raises HttpRefusal if the client accepts
    no type that the server sends."""
    accepted: list[tuple[float, bytes]] = []
    for part in accept.lower().split(b","):
        kind, *parameters = (piece.strip() for piece in part.split(b";"))
        quality = _quality(parameters)
        if quality > 0:
            accepted.append((quality, kind))
    if not accept.strip():
        return JSON
    # At equal quality the more specific type wins, then the newer JSON, then JSON before an event stream.
    for _, kind in sorted(accepted, key=lambda item: (-item[0], b"*" in item[1], _PREFERENCE.get(item[1], 1))):
        if kind in _PREFERENCE:
            return kind
        if kind in (b"*/*", b"application/*"):
            return JSON
    raise HttpRefusal(
        406,
        "This server responds with application/graphql-response+json, application/json or text/event-stream. "
        "Accept one of them.",
    )


_PREFERENCE = {GRAPHQL_JSON: 0, JSON: 1, EVENT_STREAM: 2}


@lru_cache(maxsize=256)
def wants_events(accept: bytes) -> bool:
    """Whether a client with this Accept header prefers an event stream."""
    try:
        return media_type(accept) == EVENT_STREAM
    except HttpRefusal:
        return False


def bearer_token(headers: Headers) -> str:
    """Returns the access token of a request that has one."""
    return headers[b"authorization"][7:].strip().decode("latin-1")


def _quality(parameters: list[bytes]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def security_headers() -> dict[str, str]:
    """Returns the security headers in the form that Starlette's responses take."""
    return {name.decode(): value.decode() for name, value in SECURITY_HEADERS}


def status_of(payload: Mapping[str, Any], kind: bytes) -> int:
    """Returns the status: 400 for a refused request in application/graphql-response+json, otherwise 200."""
    return 400 if kind == GRAPHQL_JSON and "data" not in payload else 200


async def send_json(
    send: Send,
    payload: Mapping[str, Any],
    *,
    status: int,
    kind: bytes,
    request_id: str,
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    """Sends a response. `kind` is its media type."""
    raw = orjson.dumps(payload)
    lines = [*response_headers(raw, kind, request_id), *headers]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": raw})


def response_headers(raw: bytes, kind: bytes, request_id: str) -> list[tuple[bytes, bytes]]:
    """Returns the headers of a response with these bytes as its body."""
    return [
        (b"content-type", kind + b"; charset=utf-8"),
        (b"content-length", b"%d" % len(raw)),
        (b"x-request-id", request_id.encode()),
        *SECURITY_HEADERS,
    ]


def header_lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Returns headers as they are sent."""
    return b"".join([part for name, value in headers for part in (name, b": ", value, b"\r\n")])


_SECURITY_LINES = header_lines(SECURITY_HEADERS)


def response_lines(raw: bytes, kind: bytes, request_id: str) -> bytes:
    """Returns the same as `header_lines(response_headers(…))`, three times as fast."""
    return b"content-type: %b; charset=utf-8\r\ncontent-length: %d\r\nx-request-id: %b\r\n%b" % (
        kind,
        len(raw),
        request_id.encode(),
        _SECURITY_LINES,
    )


async def send_refusal(send: Send, refused: HttpRefusal, *, kind: bytes, request_id: str) -> None:
    """Sends the response to a refused request."""
    await send_json(
        send, refused.payload, status=refused.status, kind=kind, request_id=request_id, headers=refused.headers
    )


async def refuse_upgrade(receive: Receive, send: Send, refused: HttpRefusal) -> None:
    """Refuses a websocket handshake with an HTTP response."""
    await receive()
    raw = orjson.dumps(refused.payload)
    headers = [*response_headers(raw, JSON, request_id({})), *refused.headers]
    await send({"type": "websocket.http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": raw})
