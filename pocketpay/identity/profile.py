"""A profile: the part of a user that everyone who is signed in may see. It has no email address or phone number."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Profile:
    """A user as others see them. A `closed` user can no longer be paid."""

    user_id: UUID
    wallet_id: UUID
    username: str
    name: str
    avatar_url: str | None
    closed: bool
