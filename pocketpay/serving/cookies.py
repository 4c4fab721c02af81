"""Refresh tokens in cookies, where REFRESH_COOKIE is on: which requests may use them, and how they are written.

    no X-Refresh-Cookie header      not asked for: tokens travel in the body, as ever
    no Origin, or one not allowed   the cookie is neither read nor written
    otherwise                       it is read, and written when a session begins, is refreshed or ends

The header makes a browser ask first (CORS), and a page that is not allowed is refused then. The origin is checked
again here, for whatever gets past that. Scripts cannot read the cookie, and pages of other sites do not send it.
Decision 41 gives the reasons.
"""

from datetime import UTC, datetime

from starlette.requests import cookie_parser

from pocketpay.api.refresh_cookie import RefreshCookie
from pocketpay.serving.http import Headers
from pocketpay.serving.origins import Origins
from pocketpay.settings import Settings

HEADER = b"x-refresh-cookie"
NAME, SECURE_NAME = "pocketpay_refresh", "__Host-pocketpay_refresh"
"""In production browsers hold the name to its promise: sent over TLS alone, and set by no other host."""

Written = tuple[tuple[bytes, bytes], ...]


class Cookies:
    """The cookies of one server."""

    def __init__(self, origins: Origins, *, secure: bool) -> None:
        self._origins = origins
        self._name = SECURE_NAME if secure else NAME
        self._attributes = "Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if secure else "")

    @classmethod
    def of(cls, settings: Settings, origins: Origins) -> "Cookies | None":
        """None where REFRESH_COOKIE is off."""
        return cls(origins, secure=settings.production) if settings.refresh_cookie else None

    def read(self, headers: Headers) -> RefreshCookie | None:
        """The cookie of a request that may use it, else None."""
        if HEADER not in headers or b"origin" not in headers or self._origins.refused(headers):
            return None
        sent = cookie_parser(headers.get(b"cookie", b"").decode("latin-1"))
        return RefreshCookie(sent.get(self._name))

    def written(self, cookie: RefreshCookie) -> Written:
        """The headers that tell the browser what to keep; none where nothing changed."""
        if cookie.kept is not None:
            left = cookie.kept.refresh_token_expires_at - datetime.now(UTC)
            return self._line(cookie.kept.refresh_token, max(0, int(left.total_seconds())))
        return self._line("", 0) if cookie.removed else ()

    def _line(self, value: str, max_age_seconds: int) -> Written:
        line = f"{self._name}={value}; Max-Age={max_age_seconds}; {self._attributes}"
        return ((b"set-cookie", line.encode("latin-1")),)
