"""A session as operators see it."""

from datetime import datetime
from typing import Self

import strawberry

from pocketpay.api import ids
from pocketpay.identity.session import Session


@strawberry.type(description="One place where a customer is signed in.")
class CustomerSession:
    id: strawberry.ID = strawberry.field(description="Its id for operators.")
    session_id: strawberry.ID = strawberry.field(description="The session's id, the one the customer knows it by.")
    created_at: datetime = strawberry.field(description="When they signed in.")
    last_used_at: datetime = strawberry.field(description="Their sign-in there, or the latest refresh of its tokens.")
    expires_at: datetime = strawberry.field(description="When it ends unless it is refreshed.")
    user_agent: str | None = strawberry.field(
        description="What the client called itself at sign-in; null when it did not."
    )

    @classmethod
    def of(cls, session: Session) -> Self:
        return cls(
            id=ids.encode(ids.CUSTOMER_SESSION, session.id),
            session_id=ids.encode(ids.SESSION, session.id),
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            expires_at=session.expires_at,
            user_agent=session.user_agent,
        )
