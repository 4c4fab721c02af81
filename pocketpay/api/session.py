"""The sessions of the viewer."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.node import Node
from pocketpay.identity import sessions
from pocketpay.identity.session import Session as LiveSession
from pocketpay.identity.viewer import Viewer


@strawberry.type(description="One session of the viewer: one sign-in on one device.")
class Session(Node):
    created_at: datetime = strawberry.field(description="When the user signed in.")
    last_used_at: datetime = strawberry.field(
        description="The time of the sign-in, or of the last refresh of the session's tokens."
    )
    expires_at: datetime = strawberry.field(description="When the session ends unless it is refreshed.")
    user_agent: str | None = strawberry.field(
        description="The User-Agent header sent at sign-in; null when there was none."
    )
    current: bool = strawberry.field(description="Whether this request uses this session.")

    @classmethod
    def of(cls, session: LiveSession, viewer: Viewer) -> Self:
        return cls(
            id=ids.encode(ids.SESSION, session.id),
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            expires_at=session.expires_at,
            user_agent=session.user_agent,
            current=session.id == viewer.session_id,
        )

    @classmethod
    async def find(cls, info: Info, id: UUID) -> Self | None:
        """The viewer's active session with this id; None when there is none."""
        viewer = info.context.require_viewer()
        active = await sessions.live(info.context.services.identity, viewer)
        return next((cls.of(one, viewer) for one in active if one.id == id), None)
