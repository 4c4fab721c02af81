"""A mail that is to be sent once: an email, or a text message to a phone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


class Kind(StrEnum):
    """What a mail is about; each has its texts."""

    VERIFY_EMAIL = "verify_email"
    EMAIL_CHANGED = "email_changed"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a kind of mail
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a kind of mail
    WELCOME = "welcome"
    VERIFY_PHONE = "verify_phone"
    PHONE_CHANGED = "phone_changed"


TEXT_MESSAGES = frozenset({Kind.VERIFY_PHONE, Kind.PHONE_CHANGED})
"""The kinds that are sent to a phone number; all others are sent to an email address."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail about to be put into the outbox.

    `event` names what it is about: of the same user and event only the first is sent. `facts` are what its text
    needs, without codes, links and passwords. It is due after `delay`, and not sent any more when it has been due for
    longer than `lifetime`.
    """

    user_id: UUID
    event: str
    recipient: str
    kind: Kind
    lifetime: timedelta
    facts: Mapping[str, str] = field(default_factory=dict)
    delay: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail that this server sends now. `tries` counts this try. `leased_until` differs from claim to claim: whoever
    claimed the mail last records what became of it."""

    id: UUID
    user_id: UUID
    recipient: str
    kind: Kind
    facts: Mapping[str, str]
    tries: int
    created_at: datetime
    leased_until: datetime
