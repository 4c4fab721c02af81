"""The origins whose pages may send requests to this server (CORS, websockets).

    named      the origins of ALLOWED_ORIGINS
    loopback   pages served from this machine, in development: the development server of a frontend
    same       pages of this server itself, also when a proxy in front changes the scheme

A page sets the header with the access token itself, so another page cannot use it. The check protects visitors whose
browser could reach a private network and, when REFRESH_COOKIE is on, their session (cookies.py). A refused origin is
logged, so that the developer of the page finds the reason.
"""

import re
from collections.abc import Callable, Sequence
from time import monotonic

import structlog
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.http.websocket_origin import is_same_origin

from pocketpay.serving.http import Headers, HttpRefusal
from pocketpay.settings import normalized_origin

log = structlog.get_logger(__name__)

LOOPBACK = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.ASCII)
LOG_INTERVAL_SECONDS = 60.0
"""A refused origin is logged at most once in this many seconds."""
MAX_LOGGED = 20
"""Origins that are logged within that time: requests with random origins cannot fill the log."""
MAX_LENGTH = 255
"""Largest number of characters of a logged origin; a host name has at most 253."""

REFUSED = HttpRefusal(403, "Requests from this origin are not allowed.")


class Origins:
    """The origins that one server allows, and those that it has refused recently."""

    def __init__(self, named: Sequence[str], *, loopback: bool, clock: Callable[[], float] = monotonic) -> None:
        """`named` are origins in the form of browsers, or `*`; `loopback` allows pages of this machine."""
        self._named, self._loopback, self._clock = frozenset(named), loopback, clock
        self._logged: dict[str, float] = {}
        """When each refused origin was logged."""

    def allows(self, origin: str) -> bool:
        """Whether pages of this other origin may send requests to the server."""
        if "*" in self._named or normalized_origin(origin) in self._named:
            return True
        return self._loopback and LOOPBACK.fullmatch(origin) is not None

    def refuses(self, headers: Headers) -> bool:
        """Whether the request comes from a page of an origin that is not allowed. If so, logs the origin."""
        sent = headers.get(b"origin")
        if sent is None:
            return False
        origin = sent.decode("latin-1")
        if self.allows(origin) or _is_same(origin, headers):
            return False
        self.log_refusal(origin)
        return True

    def log_refusal(self, origin: str) -> None:
        """Logs a refused origin, unless it or too many others were logged within the last minute."""
        shown = normalized_origin(origin) if len(origin) <= MAX_LENGTH else None
        shown = shown or ("null" if origin == "null" else "not an origin")
        now = self._clock()
        self._logged = {one: at for one, at in self._logged.items() if now - at < LOG_INTERVAL_SECONDS}
        if shown in self._logged or len(self._logged) >= MAX_LOGGED:
            return
        self._logged[shown] = now
        log.warning(
            "origin_refused",
            origin=shown,
            text="A request from this origin was refused. Add the origin to ALLOWED_ORIGINS to allow it.",
        )


class Cors(CORSMiddleware):
    """CORS middleware that also logs refused origins."""

    def __init__(self, app: ASGIApp, origins: Origins, *, refresh_cookie: bool) -> None:
        headers = ["authorization", "content-type", "x-request-id", "x-pocketpay-cost"]
        super().__init__(
            app,
            allow_methods=["GET", "POST"],
            allow_headers=[*headers, "x-refresh-cookie"] if refresh_cookie else headers,
            allow_credentials=refresh_cookie,
            expose_headers=["x-request-id", "retry-after"],
            max_age=600,
        )
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if b"origin" not in headers:
            await self.app(scope, receive, send)
            return
        self._origins.refuses(headers)
        await super().__call__(scope, receive, send)

    def is_allowed_origin(self, origin: str) -> bool:
        return self._origins.allows(origin)


def _is_same(origin: str, headers: Headers) -> bool:
    """Whether the browser marks the request as same-origin, or the origin is the requested host."""
    host = headers.get(b"host", b"").decode("latin-1")
    return headers.get(b"sec-fetch-site") == b"same-origin" or is_same_origin(origin, host)
