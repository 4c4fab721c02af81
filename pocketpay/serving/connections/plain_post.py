"""Plain requests: POST /graphql that arrives in one piece, with only usual headers. Nearly every request is one.

    POST /graphql HTTP/1.1, only headers of `PLAIN`, each once, and exactly Content-Length bytes of body

The parser reads all other requests: those that arrive in several pieces or behind another request, and those with a
header that the server, a middleware or a proxy handles (Origin, Expect, Transfer-Encoding, forwarding headers).
"""

import re
from functools import lru_cache
from typing import NamedTuple

from pocketpay.serving.http import wants_events

FIRST_LINE = b"POST /graphql HTTP/1.1\r\n"
LINES = re.compile(rb"(?:[A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)+\r\n")
PLAIN = frozenset(
    {
        *(b"host", b"user-agent", b"accept", b"accept-encoding", b"accept-language", b"authorization"),
        *(b"content-type", b"content-length", b"connection", b"x-request-id", b"cache-control", b"pragma"),
        b"x-pocketpay-cost",
    }
)
END = b"\r\n\r\n"
LENGTH_DIGITS = 6

MAX_CACHED = 1_024
"""Cached heads. A client sends the same head again and again; only the length of the body differs."""

MAX_CACHED_BYTES = 2_048
"""Largest head that is cached, in bytes: clients of an app send 0.3 to 1 KiB. So the cache takes 6 MB at most."""


class Head(NamedTuple):
    """The head of a plain request: its bytes, its headers by lower-case name, and the length of its body.

    Requests share it, so nobody changes the headers.
    """

    raw: bytes
    headers: dict[bytes, bytes]
    body_bytes: int


def read_head(data: bytes, *, max_bytes: int, max_body_bytes: int) -> Head | None:
    """Returns the head at the start of `data`, or None when it is not plain, exceeds a limit, or asks for events."""
    end = data.find(END, 0, max_bytes) if data.startswith(FIRST_LINE) else -1
    if end < 0:
        return None
    raw = data[: end + len(END)]
    head = _cached(raw) if len(raw) <= MAX_CACHED_BYTES else _parsed(raw)
    return head if head is not None and head.body_bytes <= max_body_bytes else None


def _parsed(raw: bytes) -> Head | None:
    """Returns the head with these bytes, or None when it is not plain. It depends on nothing but the bytes."""
    if LINES.fullmatch(raw, len(FIRST_LINE)) is None:
        return None
    headers: dict[bytes, bytes] = {}
    for line in raw[len(FIRST_LINE) : -len(END)].split(b"\r\n"):
        name, _, value = line.partition(b":")
        name, value = name.lower(), value.removeprefix(b" ")
        if name not in PLAIN or name in headers or value != value.strip(b" \t"):
            return None
        headers[name] = value
    length = headers.get(b"content-length", b"")
    if not length.isdigit() or len(length) > LENGTH_DIGITS:
        return None
    if headers.get(b"connection", b"keep-alive").lower() != b"keep-alive":
        return None
    if wants_events(headers.get(b"accept", b"")):
        return None
    return Head(raw, headers, int(length))


_cached = lru_cache(maxsize=MAX_CACHED)(_parsed)


def body_of(head: Head, data: bytes) -> bytes | None:
    """Returns the body when `data`, which begins with this head, is exactly one request; else None."""
    if len(data) != len(head.raw) + head.body_bytes:
        return None
    return data[len(head.raw) :]
