"""A user without the password, as the other packages use it."""

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
    """A person with a wallet. `email` and `phone` (in E.164) may be None.

    A verified address or number belongs to this user alone: they read what is sent to it. `closed_at` is when they
    closed their wallet, None while it is open.
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
    """The changed user, or every refusal. With refusals, `user` is None and nothing has changed."""

    user: User | None
    refusals: tuple[Refusal, ...] = ()
