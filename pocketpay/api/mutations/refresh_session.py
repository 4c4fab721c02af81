"""The resolver of `refreshSession`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.session_payload import SessionPayload
from pocketpay.identity import refresh_session as identity
from pocketpay.identity.errors import InvalidToken


@strawberry.mutation(
    description="Exchanges a refresh token for new tokens of the session. A refresh token can be used once. When "
    "the same token is sent again within ten seconds, for example after a lost response, the response has the same "
    "new refresh token. When a used token is sent again after that, it may be stolen, so the session ends. Refusals: "
    "INVALID_TOKEN (sign in again), WALLET_FROZEN (the wallet is frozen for ALL; the refresh token stays valid)."
)
@refusals_as_errors(SessionPayload, ())
async def refresh_session(
    info: Info,
    refresh_token: Annotated[
        str,
        strawberry.argument(
            description="The session's latest refresh token. No access token is needed. Leave it out when the "
            "browser has it in a cookie."
        ),
    ] = "",
) -> SessionPayload:
    cookie = info.context.refresh_cookie
    if not refresh_token and cookie is not None:
        refresh_token = cookie.sent or ""
    try:
        admission = await identity.refresh_session(info.context.services.identity, refresh_token)
    except InvalidToken:
        if cookie is not None:
            cookie.remove()
        raise
    return SessionPayload.admit(info.context, admission)
