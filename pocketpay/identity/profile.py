"""A profile: what anyone signed in may see of a person. Never an email address, never a phone number."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Profile:
    """A person as others see them. `closed` says that they have left and can no longer be paid."""

    user_id: UUID
    wallet_id: UUID
    username: str
    name: str
    avatar_url: str | None
    closed: bool
