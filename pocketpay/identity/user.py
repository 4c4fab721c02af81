"""A user, as the other packages see one: everything but the password."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pocketpay.errors import Refusal


class Role(StrEnum):
    MEMBER = "member"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class User:
    """A person with a wallet. `email` and `phone`, which is E.164, may be None. One that is verified is theirs alone:
    they read what is sent there.

    `closed_at` is when they left, None while they are here.
    """

    id: UUID
    username: str
    name: str
    email: str | None
    phone: str | None
    avatar_url: str | None
    role: Role
    wallet_id: UUID
    created_at: datetime
    closed_at: datetime | None = None
    email_verified: bool = False
    phone_verified: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """Either a user was changed, and this is how they are now, or all that keeps it from being done."""

    user: User | None
    refusals: tuple[Refusal, ...] = ()
