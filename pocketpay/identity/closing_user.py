"""Leaving: somebody is here no longer, and nothing personal of them is kept.

Their name, addresses and picture go, their password opens nothing any more, their sessions end. In the place of the
username comes one that means nobody; of the old one a fingerprint is kept: nobody is ever paid in their place. Of the
email address a fingerprint is kept too, under the server's key: whoever comes again is given no welcome bonus.
"""

import secrets
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from pocketpay.identity.usernames import LEFT

NAME = "Closed account"
"""What others see in the place of a name, in their own past."""


@dataclass(frozen=True, slots=True)
class ClosingUser:
    """Somebody about to leave. `username` is what they are called from then on; `proven` the hash that the password
    they have shown was compared with; `email` the fingerprint of their address, None where they have none."""

    user_id: UUID
    username: str
    proven: str
    email: bytes | None = None

    @classmethod
    def of(cls, user_id: UUID, proven: str, email: bytes | None = None) -> Self:
        """With a username that nobody can guess, and so nobody has."""
        return cls(user_id, LEFT + secrets.token_hex(8), proven, email)
