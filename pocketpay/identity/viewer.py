"""The viewer: the user who makes a request, after the access token was verified."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Viewer:
    """The user who makes the request, their wallet, and the session of the access token."""

    user_id: UUID
    wallet_id: UUID
    session_id: UUID
