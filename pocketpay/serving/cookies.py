"""Refresh tokens in cookies, when REFRESH_COOKIE is on: which requests may use them, and how they are written.

    no X-Refresh-Cookie header      the cookie is not used: tokens are sent in the body
    no Origin, or one not allowed   the cookie is neither read nor written
    otherwise                       the cookie is read, and written when a session begins, is refreshed or ends

Because of the header, a browser sends a CORS preflight request, which fails for origins that are not allowed. The
origin is checked again here, for requests without a preflight. Scripts cannot read the cookie, and pages of other
sites do not send it.
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
"""Browsers accept a `__Host-` cookie only over TLS and only from the same host. It is used in production."""

SetCookieHeaders = tuple[tuple[bytes, bytes], ...]


class Cookies:
    """The cookies of one server."""

    def __init__(self, origins: Origins, *, secure: bool) -> None:
        self._origins = origins
        self._name = SECURE_NAME if secure else NAME
        self._attributes = "Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if secure else "")

    @classmethod
    def of(cls, settings: Settings, origins: Origins) -> "Cookies | None":
        """Returns the cookies for these settings, or None when REFRESH_COOKIE is off."""
        return cls(origins, secure=settings.production) if settings.refresh_cookie else None

    def read_cookie(self, headers: Headers) -> RefreshCookie | None:
        """Returns the cookie of a request that may use it, else None."""
        if HEADER not in headers or b"origin" not in headers or self._origins.refuses(headers):
            return None
        sent = cookie_parser(headers.get(b"cookie", b"").decode("latin-1"))
        return RefreshCookie(sent.get(self._name))

    def set_cookie_headers(self, cookie: RefreshCookie) -> SetCookieHeaders:
        """Returns the Set-Cookie header that stores or removes the cookie; empty when nothing changed."""
        if cookie.kept is not None:
            remaining = cookie.kept.refresh_token_expires_at - datetime.now(UTC)
            return self._line(cookie.kept.refresh_token, max(0, int(remaining.total_seconds())))
        return self._line("", 0) if cookie.removed else ()

    def _line(self, value: str, max_age_seconds: int) -> SetCookieHeaders:
        line = f"{self._name}={value}; Max-Age={max_age_seconds}; {self._attributes}"
        return ((b"set-cookie", line.encode("latin-1")),)
