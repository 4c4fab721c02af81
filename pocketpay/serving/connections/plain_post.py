"""Plain requests: POST /graphql that arrives in one piece, with only usual headers. Nearly every request is one.

    POST /graphql HTTP/1.1, only headers of `PLAIN`, each once, and exactly Content-Length bytes of body

The parser reads all other requests: those that arrive in several pieces or behind another request, and those with a
header that the server, a middleware or a proxy handles (Origin, Expect, Transfer-Encoding, forwarding headers).
"""

import re
from typing import NamedTuple

HEAD = re.compile(rb"POST /graphql HTTP/1\.1\r\n(?:[A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)+\r\n")
PLAIN = frozenset(
    {
        *(b"host", b"user-agent", b"accept", b"accept-encoding", b"accept-language", b"authorization"),
        *(b"content-type", b"content-length", b"connection", b"x-request-id", b"cache-control", b"pragma"),
        b"x-pocketpay-cost",
    }
)
LENGTH_DIGITS = 6


class Head(NamedTuple):
    """The head of a plain request: its bytes, its headers by lower-case name, and the length of its body."""

    raw: bytes
    headers: dict[bytes, bytes]
    body_bytes: int


def read_head(data: bytes, *, max_bytes: int, max_body_bytes: int) -> Head | None:
    """Returns the head at the start of `data`, or None when it is not plain or exceeds a limit."""
    match = HEAD.match(data, 0, max_bytes)
    if match is None:
        return None
    raw = match.group()
    headers: dict[bytes, bytes] = {}
    for line in raw[24:-4].split(b"\r\n"):
        name, _, value = line.partition(b":")
        name, value = name.lower(), value.removeprefix(b" ")
        if name not in PLAIN or name in headers or value != value.strip(b" \t"):
            return None
        headers[name] = value
    length = headers.get(b"content-length", b"")
    if not length.isdigit() or len(length) > LENGTH_DIGITS or int(length) > max_body_bytes:
        return None
    if headers.get(b"connection", b"keep-alive").lower() != b"keep-alive":
        return None
    return Head(raw, headers, int(length))


def body_of(head: Head, data: bytes) -> bytes | None:
    """Returns the body when `data` is exactly one request with this head, else None."""
    if len(data) != len(head.raw) + head.body_bytes or not data.startswith(head.raw):
        return None
    return data[len(head.raw) :]
