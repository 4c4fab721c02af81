"""The viewer: whoever makes a request, once their token has been believed."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is asking: a user, the wallet that is theirs, and the session they ask through."""

    user_id: UUID
    wallet_id: UUID
    session_id: UUID
