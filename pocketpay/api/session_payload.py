"""What every mutation that lets somebody in answers."""

from datetime import datetime
from typing import Self

import strawberry

from pocketpay.api.context import Context
from pocketpay.api.descriptions import ERRORS
from pocketpay.api.errors import UserError
from pocketpay.api.user import User
from pocketpay.identity import tokens
from pocketpay.identity.reception import Admission


@strawberry.type(description="What a client shows from now on.")
class Tokens:
    access_token: str = strawberry.field(
        description="Goes with every request, as `Authorization: Bearer …` or in a websocket's connection_init."
    )
    refresh_token: str = strawberry.field(
        description="Good for one refreshSession, which gives the next. Keep it as safe as the password. Empty where "
        "the browser has it in a cookie."
    )
    access_token_expires_at: datetime = strawberry.field(description="When the access token stops being believed.")
    refresh_token_expires_at: datetime = strawberry.field(
        description="When the session ends unless it is refreshed before. Each refresh moves this later, but never "
        "past the longest time that a session may last."
    )

    @classmethod
    def of(cls, issued: tokens.Tokens, *, in_cookie: bool) -> Self:
        return cls(
            access_token=issued.access_token,
            refresh_token="" if in_cookie else issued.refresh_token,
            access_token_expires_at=issued.access_token_expires_at,
            refresh_token_expires_at=issued.refresh_token_expires_at,
        )


@strawberry.type(description="A session that was opened or refreshed, or why not.")
class SessionPayload:
    tokens: Tokens | None = strawberry.field(default=None, description="The session's tokens; null when refused.")
    user: User | None = strawberry.field(default=None, description="Who was let in; null when refused.")
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)

    @classmethod
    def admit(cls, context: Context, admission: Admission) -> Self:
        """The payload of somebody let in. The rest of the operation goes on as theirs, fields of the user first."""
        context.viewer, cookie = admission.viewer, context.refresh_cookie
        if cookie is not None:
            cookie.keep(admission.tokens)
        tokens = Tokens.of(admission.tokens, in_cookie=cookie is not None)
        return cls(tokens=tokens, user=User.of(admission.user))
