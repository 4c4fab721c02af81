"""The door of `refreshSession`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.session_payload import SessionPayload
from pocketpay.identity import refresh_session as identity
from pocketpay.identity.errors import InvalidToken


@strawberry.mutation(
    description="Gives a session new tokens for its refresh token, which is used up by it. Asked again within ten "
    "seconds, because the answer was lost, it gives the same refresh token; later a used one ends the session, for "
    "then two have it. Refusals: INVALID_TOKEN (sign in again), WALLET_FROZEN (the wallet is "
    "frozen for all; the refresh token stays good)."
)
@refusals_as_errors(SessionPayload, ())
async def refresh_session(
    info: Info,
    refresh_token: Annotated[
        str,
        strawberry.argument(
            description="The session's latest refresh token; no access token is needed. Left out where the browser "
            "has it in a cookie."
        ),
    ] = "",
) -> SessionPayload:
    cookie = info.context.refresh_cookie
    if not refresh_token and cookie is not None:
        refresh_token = cookie.sent or ""
    try:
        admission = await identity.refresh_session(info.context.rooms.reception, refresh_token)
    except InvalidToken:
        if cookie is not None:
            cookie.remove()
        raise
    return SessionPayload.admit(info.context, admission)
