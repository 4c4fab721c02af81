"""Closes a user together with their wallet, and deletes their personal data.

Their name, contacts and picture are deleted, their password stops working, and their sessions end. A random username
replaces theirs. A fingerprint of the old username is kept, so that nobody else can get it and be paid in their place.
Fingerprints of the email address are kept too, under the server's keys, so that a user who comes back gets no second
welcome bonus.
"""

import secrets
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from pocketpay.identity.usernames import CLOSED_PREFIX

NAME = "Closed account"
"""The name that others see in their old payments."""


@dataclass(frozen=True, slots=True)
class ClosingUser:
    """A user who is being closed.

    `username` is their new username; `proven` is the hash that their password was verified against; `emails` are the
    fingerprints of their email address, if they have one.
    """

    user_id: UUID
    username: str
    proven: str
    emails: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, user_id: UUID, proven: str, emails: tuple[bytes, ...] = ()) -> Self:
        """Returns the closing user with a new random username."""
        return cls(user_id, CLOSED_PREFIX + secrets.token_hex(8), proven, emails)
