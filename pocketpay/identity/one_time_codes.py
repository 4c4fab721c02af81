"""One-time codes and links. With one of them, a user proves that they read an email address or a phone number.

    code    eight digits, six in a text message; the user types it
    link    the app's URL with a token of 48 bytes; the user opens it. A text message has none

Both are derived from a challenge with the server's key, each time they are needed. The database stores only the
challenge, from which nobody can compute the code without the key. A code is bound to one challenge, and so to its
purpose, its user and its address or number.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from pocketpay.identity.tokens import derived_keys
from pocketpay.settings import SecretKeys
from pocketpay.text.pasted import dialled

DIGITS = 8
TEXT_MESSAGE_DIGITS = 6
"""The usual length in text messages, which phones recognise and fill in."""

LONGEST_TYPED = 64
"""In characters, including spaces and hyphens. The rest of a longer text is ignored."""


class Purpose(StrEnum):
    """What a code or a link can be used for."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a name
    FIRST_PASSWORD = "first_password"  # noqa: S105 - a name
    """Used with a link only: it is valid for days, and eight digits could be guessed in that time."""
    VERIFY_PHONE = "verify_phone"

    @property
    def digits(self) -> int:
        """The number of digits of a code for this purpose."""
        return TEXT_MESSAGE_DIGITS if self is Purpose.VERIFY_PHONE else DIGITS


@dataclass(frozen=True, slots=True)
class Challenge:
    """The input from which a code and a link are derived. `address` is the email address or phone number."""

    id: UUID
    purpose: Purpose
    user_id: UUID
    address: str

    @property
    def bound(self) -> bytes:
        """All fields, as the bytes that are signed."""
        return self.id.bytes + self.user_id.bytes + f"{self.purpose} {self.address.lower()}".encode()


class OneTimeCodes:
    """Derives and checks codes and tokens. A message contains the code and the token of the first secret key. Codes
    and tokens of every key are accepted."""

    def __init__(self, secret_keys: SecretKeys) -> None:
        self._code_keys = derived_keys(secret_keys, "one-time codes")
        self._token_keys = derived_keys(secret_keys, "one-time links")

    def code(self, challenge: Challenge) -> str:
        """Returns the challenge's code of eight digits, or six for a text message."""
        return _code(self._code_keys[0], challenge)

    def token(self, challenge: Challenge) -> str:
        """Returns the challenge's token: 64 characters that are safe in a URL."""
        return _token(self._token_keys[0], challenge)

    def is_code(self, challenge: Challenge, typed: str) -> bool:
        """Whether the text is the challenge's code. Spaces and hyphens are ignored; digits may be of any script."""
        return _is_one_of((_code(key, challenge) for key in self._code_keys), _digits(typed))

    def is_token(self, challenge: Challenge, token: str) -> bool:
        """Whether the text is the challenge's token."""
        return _is_one_of((_token(key, challenge) for key in self._token_keys), token)


def challenge_id(token: str) -> UUID | None:
    """Returns the challenge id in a token, without checking its signature, or None for any other text."""
    try:
        raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True) if len(token) == 64 else b""
    except (ValueError, binascii.Error):
        return None
    return UUID(bytes=raw[:16]) if len(raw) == 48 else None


def _code(key: bytes, challenge: Challenge) -> str:
    digits = challenge.purpose.digits
    return f"{int.from_bytes(hmac.digest(key, challenge.bound, 'sha256')) % 10**digits:0{digits}}"


def _token(key: bytes, challenge: Challenge) -> str:
    signature = hmac.digest(key, challenge.bound, "sha256")
    return base64.urlsafe_b64encode(challenge.id.bytes + signature).decode()


def _is_one_of(expected: Iterable[str], text: str) -> bool:
    given = text.encode("utf-8", "surrogatepass")
    return any(hmac.compare_digest(one.encode(), given) for one in expected)


def _digits(typed: str) -> str:
    return "".join(char for char in dialled(typed[:LONGEST_TYPED]) if char not in " -")
