"""Responses to incomplete requests: the head is too large or too slow, or there are too many connections.

    400 not HTTP · 408 too slow · 413 body too large · 431 head too large · 503 too many connections, stopping

They have the same form as all HTTP errors of this server, and all close the connection.
"""

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from pocketpay.serving import http
from pocketpay.serving.failures import SERVICE_BUSY
from pocketpay.serving.http import HttpRefusal

RETRY_AFTER = (b"retry-after", b"1")

NOT_HTTP = HttpRefusal(400, "This is not an HTTP request.")
SLOW_HEAD = HttpRefusal(408, "The request headers did not arrive in time.")
SLOW_BODY = HttpRefusal(408, "The request body did not arrive in time.")
LONG_LINE = HttpRefusal(431, "A line of the websocket handshake is too long.")
LARGE_BODY = HttpRefusal(413, "The body is too large.")
TOO_MANY = HttpRefusal(503, "Too many connections. Try again in a moment.", code=SERVICE_BUSY, headers=(RETRY_AFTER,))
STOPPING = HttpRefusal(503, "The server is stopping. Try again.", code=SERVICE_BUSY, headers=(RETRY_AFTER,))


def large_head(head_bytes: int, headers: int) -> HttpRefusal:
    return HttpRefusal(
        431, f"The request headers are too large: the limit is {head_bytes} bytes and {headers} headers."
    )


def response_bytes(refusal: HttpRefusal) -> bytes:
    """Returns the whole response as bytes, with the header `Connection: close`."""
    body = orjson.dumps(refusal.payload)
    headers = [*http.response_headers(body, http.JSON, http.request_id({})), *refusal.headers, *http.CLOSE]
    lines = b"".join(b"%s: %s\r\n" % header for header in headers)
    return STATUS_LINE[refusal.status] + lines + b"\r\n" + body


def refusing_app(refusal: HttpRefusal) -> ASGIApp:
    """Returns an ASGI application that answers every request with this refusal."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        headers = (*refusal.headers, *http.CLOSE)
        closing_refusal = HttpRefusal(refusal.status, refusal.message, code=refusal.code, headers=headers)
        await http.send_refusal(send, closing_refusal, kind=http.JSON, request_id=http.request_id({}))

    return refuse
