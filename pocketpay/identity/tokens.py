"""Access tokens and refresh tokens.

    access token    a JWT signed with HS256, valid for ten minutes; names its user without a look-up in the database
    refresh token   opaque; used once, to get its successor. The successor is an HMAC of the predecessor under the
                    server's key: a client that lost the reply gets the same token again, and nobody else can compute
                    it

Each use has its own keys, derived from the server's secret keys, so a signature for one use is not valid for another.
The first secret key signs, and all of them verify (decision 62), so a key can be replaced while servers run.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import jwt

from pocketpay.database import uuids
from pocketpay.errors import PocketPayError
from pocketpay.identity.viewer import Viewer
from pocketpay.settings import SecretKeys

ISSUER = "pocketpay"
AUDIENCE = "pocketpay-api"
ALGORITHM = "HS256"
TYPE = "at+jwt"
CLAIMS = ("iss", "aud", "sub", "sid", "wid", "iat", "exp", "jti")

LONGEST_TOKEN = 4_096
"""In characters; our tokens have about 430. A longer text is not parsed."""


class BadToken(PocketPayError):
    """The text is not an access token of this service."""


class ExpiredToken(PocketPayError):
    """The access token has expired."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a verified access token. `expires_at` is in seconds since 1970, as in the token."""

    viewer: Viewer
    expires_at: float


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens that a client gets at sign-in and at each refresh. The refresh token expires with its session."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_token_expires_at: datetime
    refresh_token_expires_at: datetime


class AccessTokens:
    """Signs and verifies access tokens. Both use the server's own clock, without a tolerance for differences between
    clocks."""

    def __init__(self, secret_keys: SecretKeys, *, lifetime_seconds: int) -> None:
        self._keys = derived_keys(secret_keys, "access tokens")
        self._lifetime_seconds = lifetime_seconds
        # Only `exp` is checked against the clock. An `iat` in the future only means that two servers' clocks differ.
        self._options: jwt.types.Options = {"require": list(CLAIMS), "verify_iat": False}

    def issue(self, viewer: Viewer, *, now: float, session_expires_at: float) -> tuple[str, datetime]:
        """Returns a token for the viewer, and the time at which it expires, in seconds. This is never later than the
        session's expiry."""
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
        token = jwt.encode(claims, self._keys[0], algorithm=ALGORITHM, headers={"typ": TYPE})
        return token, datetime.fromtimestamp(expires_at, UTC)

    def read(self, token: str) -> Claims:
        """Returns the claims of the token after checking its signature, type, issuer, audience and expiry.

        Raises ExpiredToken when it has expired, and BadToken for everything else that is wrong with it.
        """
        if len(token) > LONGEST_TOKEN or not token.isascii():
            raise BadToken
        parts = self._verified(token)
        # The library does not check the type: another kind of token of ours would be accepted here.
        if parts["header"].get("typ") != TYPE:
            raise BadToken
        claims = parts["payload"]
        try:
            viewer = Viewer(*(uuids.UUID(claims[name]) for name in ("sub", "wid", "sid")))
        except (ValueError, TypeError, AttributeError):
            raise BadToken from None
        if not isinstance(claims["iat"], int):
            raise BadToken
        return Claims(viewer, float(claims["exp"]))

    def _verified(self, token: str) -> dict[str, Any]:
        """Returns the header and the claims of a token. One of the keys must have signed it."""
        for key in self._keys:
            try:
                return jwt.decode_complete(
                    token, key, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=ISSUER, options=self._options
                )
            except jwt.InvalidSignatureError:
                continue
            except jwt.ExpiredSignatureError:
                raise ExpiredToken from None
            except jwt.InvalidTokenError:
                raise BadToken from None
        raise BadToken


class RefreshTokens:
    """Makes refresh tokens and their stored form, which is only their SHA-256."""

    def __init__(self, secret_keys: SecretKeys) -> None:
        self._keys = derived_keys(secret_keys, "refresh tokens")

    def first(self) -> str:
        """Returns the first refresh token of a session: 256 random bits."""
        return secrets.token_urlsafe(32)

    def successors(self, token: str) -> tuple[str, ...]:
        """Returns the successor of a refresh token for each secret key. This server returns the first one to clients.

        The same token always has the same successors.
        """
        return tuple(_text(hmac.digest(key, self.hash_of(token), "sha256")) for key in self._keys)

    @staticmethod
    def hash_of(token: str) -> bytes:
        """Returns the SHA-256 of a token, as the database stores it. Any text is accepted."""
        return hashlib.sha256(token[:LONGEST_TOKEN].encode("utf-8", "surrogatepass")).digest()


def derived_keys(secret_keys: SecretKeys, use: str) -> tuple[bytes, ...]:
    """Returns the keys for one use, of 32 bytes each: one for each secret key, in the same order."""
    return tuple(hmac.digest(key, b"pocketpay " + use.encode(), "sha256") for key in secret_keys)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
