"""A customer's session as operators see it."""

from datetime import datetime
from typing import Self

import strawberry

from pocketpay.api import ids
from pocketpay.identity.session import Session


@strawberry.type(description="One session of a customer: one sign-in on one device.")
class CustomerSession:
    id: strawberry.ID = strawberry.field(
        description="The id that operators use for this session. Customers see another id."
    )
    session_id: strawberry.ID = strawberry.field(description="The session's id, the same that the customer sees.")
    created_at: datetime = strawberry.field(description="When the user signed in.")
    last_used_at: datetime = strawberry.field(
        description="The time of the sign-in, or of the last refresh of the session's tokens."
    )
    expires_at: datetime = strawberry.field(description="When the session ends unless it is refreshed.")
    user_agent: str | None = strawberry.field(
        description="The User-Agent header sent at sign-in; null when there was none."
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
