"""Tokens: what a client shows, and what makes us believe it.

    access token    a JWT by HS256, ten minutes: says whose it is without asking the database
    refresh token   opaque; used once, for its successor. The successor is an HMAC of the predecessor under the
                    server's key: whoever lost the reply is told the same again, nobody else can work it out

Each use of the server's secret has a key of its own, derived from it: what is signed for one means nothing elsewhere.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import jwt

from pocketpay.errors import PocketPayError
from pocketpay.identity.viewer import Viewer

ISSUER = "pocketpay"
AUDIENCE = "pocketpay-api"
ALGORITHM = "HS256"
TYPE = "at+jwt"
CLAIMS = ("iss", "aud", "sub", "sid", "wid", "iat", "exp", "jti")

LONGEST_TOKEN = 4_096
"""Characters; ours have some 430. What is longer is not parsed."""


class BadToken(PocketPayError):
    """The text is no access token of ours."""


class ExpiredToken(PocketPayError):
    """It was one, until its time came."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a believed access token says. `expires_at` is in seconds since 1970, as tokens count."""

    viewer: Viewer
    expires_at: float


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client gets for signing in, and for each refresh. The refresh token expires when its session does."""

    access_token: str
    refresh_token: str
    access_token_expires_at: datetime
    refresh_token_expires_at: datetime


class AccessTokens:
    """Signs and reads access tokens. Issuing and reading both use the servers' own clock; there is no leeway."""

    def __init__(self, secret: bytes, *, lifetime_seconds: int) -> None:
        self._key = derived_key(secret, "access tokens")
        self._lifetime_seconds = lifetime_seconds
        # Only `exp` is a question of time: an `iat` before its day would tell two servers' clocks apart, no more.
        self._options: jwt.types.Options = {"require": list(CLAIMS), "verify_iat": False}

    def issue(self, viewer: Viewer, *, now: float, session_expires_at: float) -> tuple[str, datetime]:
        """A token for that viewer and the moment it expires: never after the session does. Times in seconds."""
        expires_at = int(min(now + self._lifetime_seconds, session_expires_at))
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(viewer.user_id),
            "sid": str(viewer.session_id),
            "wid": str(viewer.wallet_id),
            "iat": int(now),
            "exp": expires_at,
            "jti": secrets.token_urlsafe(12),
        }
        token = jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"typ": TYPE})
        return token, datetime.fromtimestamp(expires_at, UTC)

    def read(self, token: str) -> Claims:
        """What the token claims, its signature, type, issuer, audience and time checked.

        Raises ExpiredToken, or BadToken for whatever else is wrong with it.
        """
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise BadToken
        try:
            parts = jwt.decode_complete(
                token, self._key, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=ISSUER, options=self._options
            )
        except jwt.ExpiredSignatureError:
            raise ExpiredToken from None
        except jwt.InvalidTokenError:
            raise BadToken from None
        # The library does not look at the type: a token of ours for another use would pass for this one.
        if parts["header"].get("typ") != TYPE:
            raise BadToken
        said = parts["payload"]
        try:
            viewer = Viewer(UUID(said["sub"]), UUID(said["wid"]), UUID(said["sid"]))
        except (ValueError, TypeError, AttributeError):
            raise BadToken from None
        if not isinstance(said["iat"], int):
            raise BadToken
        return Claims(viewer, float(said["exp"]))


class RefreshTokens:
    """Makes refresh tokens and what is kept of them: only their SHA-256."""

    def __init__(self, secret: bytes) -> None:
        self._key = derived_key(secret, "refresh tokens")

    def first(self) -> str:
        """The first of a session: 256 bits of chance."""
        return secrets.token_urlsafe(32)

    def successor(self, token: str) -> str:
        """The one that comes after it, always the same."""
        return _text(hmac.digest(self._key, self.kept(token), "sha256"))

    @staticmethod
    def kept(token: str) -> bytes:
        """What the database keeps of a token. A text that can be none of ours has a hash nobody stored."""
        return hashlib.sha256(token[:LONGEST_TOKEN].encode("utf-8", "surrogatepass")).digest()


def derived_key(secret: bytes, use: str) -> bytes:
    """32 bytes for one use of the server's secret."""
    return hmac.digest(secret, b"pocketpay " + use.encode(), "sha256")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
