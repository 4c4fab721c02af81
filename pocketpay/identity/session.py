"""A session: one sign-in of a user, on one device or browser."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lasts: `whole` at most, `idle` without a refresh."""

    whole: timedelta
    idle: timedelta


@dataclass(frozen=True, slots=True)
class Session:
    """A live session. `last_used_at` is the time of its sign-in or of its latest refresh."""

    id: UUID
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    user_agent: str | None
