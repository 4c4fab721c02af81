"""The payload of every mutation that opens or refreshes a session."""

from datetime import datetime
from typing import Self

import strawberry

from pocketpay.api.context import Context
from pocketpay.api.descriptions import ERRORS
from pocketpay.api.errors import UserError
from pocketpay.api.user import User
from pocketpay.identity import tokens
from pocketpay.identity.services import Admission


@strawberry.type(description="The tokens of a session.")
class Tokens:
    access_token: str = strawberry.field(
        description="The token for each request: `Authorization: Bearer …`, or in the connection_init message of a "
        "websocket."
    )
    refresh_token: str = strawberry.field(
        description="The token for one refreshSession call, which returns the next one. Store it as safely as a "
        "password. Empty when the browser has it in a cookie."
    )
    access_token_expires_at: datetime = strawberry.field(description="When the access token expires.")
    refresh_token_expires_at: datetime = strawberry.field(
        description="When the session ends unless it is refreshed. Each refresh moves this time, but not beyond the "
        "maximum lifetime of a session."
    )

    @classmethod
    def of(cls, issued: tokens.Tokens, *, in_cookie: bool) -> Self:
        return cls(
            access_token=issued.access_token,
            refresh_token="" if in_cookie else issued.refresh_token,
            access_token_expires_at=issued.access_token_expires_at,
            refresh_token_expires_at=issued.refresh_token_expires_at,
        )


@strawberry.type(description="The result of opening or refreshing a session: its tokens, or the errors.")
class SessionPayload:
    tokens: Tokens | None = strawberry.field(
        default=None, description="The session's tokens; null when the request was refused."
    )
    user: User | None = strawberry.field(
        default=None, description="The signed-in user; null when the request was refused."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)

    @classmethod
    def admit(cls, context: Context, admission: Admission) -> Self:
        """The payload for a user who has just been signed in. The rest of the operation has this user as its viewer,
        including the fields of `user`. With a refresh cookie, the response sets it."""
        context.viewer, cookie = admission.viewer, context.refresh_cookie
        if cookie is not None:
            cookie.keep(admission.tokens)
        tokens = Tokens.of(admission.tokens, in_cookie=cookie is not None)
        return cls(tokens=tokens, user=User.of(admission.user))
