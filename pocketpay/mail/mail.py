"""A mail that is to be sent once: an email, or a text message to a phone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


class Kind(StrEnum):
    """The kind of a mail. Each kind has its own texts."""

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
    """A mail to be put into the outbox.

    `event` identifies its cause: only the first mail of the same user and event is sent. `facts` are the values that
    its text needs, without codes, links and passwords. The mail is due after `delay`. It expires when it has been due
    for `lifetime`.
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
    """A mail that this server sends now. `tries` includes this try.

    Each claim has its own `leased_until`, so that only the last server that claimed the mail records a failure.
    """

    id: UUID
    user_id: UUID
    recipient: str
    kind: Kind
    facts: Mapping[str, str]
    tries: int
    created_at: datetime
    leased_until: datetime
