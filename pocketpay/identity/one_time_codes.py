"""One-time codes and links: what a person shows to prove that they read what is sent to an address or a number.

    code    eight digits, six in a text message, to be typed
    link    a token of 48 bytes behind the app's address, to be opened; a text message has none

Both are derived from a challenge under the server's key whenever they are needed: the database holds the challenge,
and nothing in it shows the code. A code is bound to one challenge, and so to its purpose, its user and its address or
number.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from pocketpay.identity.tokens import derived_key
from pocketpay.text.pasted import dialled

DIGITS = 8
TEXT_MESSAGE_DIGITS = 6
"""What people type from a text message, and what phones fill in by themselves."""

LONGEST_TYPED = 64
"""Characters looked at: a code among spaces and hyphens."""


class Purpose(StrEnum):
    """What a code is good for."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a name
    FIRST_PASSWORD = "first_password"  # noqa: S105 - a name
    """By its link alone: it is valid for days, so that eight digits could be guessed."""
    VERIFY_PHONE = "verify_phone"

    @property
    def digits(self) -> int:
        """How many a code has."""
        return TEXT_MESSAGE_DIGITS if self is Purpose.VERIFY_PHONE else DIGITS


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a code is derived from. `address` is the email address or the phone number that the code is sent to."""

    id: UUID
    purpose: Purpose
    user_id: UUID
    address: str

    @property
    def bound(self) -> bytes:
        """All of it, as it is signed."""
        return self.id.bytes + self.user_id.bytes + f"{self.purpose} {self.address.lower()}".encode()


class OneTimeCodes:
    """Derives and checks them. `secret` is the server's key, the same on every server."""

    def __init__(self, secret: bytes) -> None:
        self._code_key = derived_key(secret, "one-time codes")
        self._token_key = derived_key(secret, "one-time links")

    def code(self, challenge: Challenge) -> str:
        """Eight digits, or six."""
        digest = hmac.digest(self._code_key, challenge.bound, "sha256")
        digits = challenge.purpose.digits
        return f"{int.from_bytes(digest) % 10**digits:0{digits}}"

    def token(self, challenge: Challenge) -> str:
        """64 characters that a URL may have."""
        signature = hmac.digest(self._token_key, challenge.bound, "sha256")
        return base64.urlsafe_b64encode(challenge.id.bytes + signature).decode()

    def is_code(self, challenge: Challenge, typed: str) -> bool:
        """Whether that is the challenge's code, with any spaces and hyphens, in digits of any script."""
        return hmac.compare_digest(self.code(challenge).encode(), _digits(typed).encode("utf-8", "surrogatepass"))

    def is_token(self, challenge: Challenge, token: str) -> bool:
        """Whether that is the challenge's token."""
        return hmac.compare_digest(self.token(challenge).encode(), token.encode("utf-8", "surrogatepass"))


def challenge_id(token: str) -> UUID | None:
    """The challenge that a token names, signed or not; None when it is no token."""
    try:
        raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True) if len(token) == 64 else b""
    except (ValueError, binascii.Error):
        return None
    return UUID(bytes=raw[:16]) if len(raw) == 48 else None


def _digits(typed: str) -> str:
    return "".join(char for char in dialled(typed[:LONGEST_TYPED]) if char not in " -")
