"""The door of `signIn`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.session_payload import SessionPayload
from pocketpay.identity import sign_in as identity


@strawberry.input(description="Who somebody says they are.")
class SignInInput:
    login: str = strawberry.field(
        description='Their username, with or without "@", their email address, or their phone number with its '
        "country (+12025550123). An address means whoever has verified it, or else whoever gave it first. "
        "Spaces and marks that are not seen around it are left out."
    )
    password: str = strawberry.field(description="Their password.")


@strawberry.mutation(
    description="Opens a session. Of a user's sessions the oldest ends when there would be more than fifty. "
    "Refusals: INVALID_CREDENTIALS (an unknown user or a wrong password, which of both is not said), WALLET_FROZEN "
    "(for all, and the password is right), RATE_LIMITED: retryAfterSeconds says when to try again. At an "
    "address from which this user has not signed in before, a turn is then kept for half an hour."
)
@refusals_as_errors(SessionPayload)
async def sign_in(
    info: Info, input: Annotated[SignInInput, strawberry.argument(description="Login and password.")]
) -> SessionPayload:
    context = info.context
    admission = await identity.sign_in(
        context.rooms.reception,
        input.login,
        input.password,
        address=context.address,
        user_agent=context.user_agent,
    )
    return SessionPayload.admit(context, admission)
