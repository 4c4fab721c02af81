"""The resolver of `signIn`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.session_payload import SessionPayload
from pocketpay.identity import sign_in as identity


@strawberry.input(description="The credentials of a user.")
class SignInInput:
    login: str = strawberry.field(
        description='The username with or without "@", the email address, or the phone number with its country code '
        "(+12025550123). An email address selects the user who has verified it, or otherwise the user who gave it "
        "first. Spaces and invisible characters around it are ignored."
    )
    password: str = strawberry.field(description="The password.")


@strawberry.mutation(
    description="Signs a user in and opens a session. A user has at most 50 sessions; one more sign-in ends the "
    "oldest session. Refusals: INVALID_CREDENTIALS (the login or the password is wrong; the error does not say "
    "which), WALLET_FROZEN (the password is right, and the wallet is frozen for ALL), RATE_LIMITED (the message "
    "has the number of seconds to wait). After that wait, one attempt is reserved for 30 minutes for a network "
    "address that is new for this user."
)
@refusals_as_errors(SessionPayload)
async def sign_in(
    info: Info, input: Annotated[SignInInput, strawberry.argument(description="The login and the password.")]
) -> SessionPayload:
    context = info.context
    admission = await identity.sign_in(
        context.services.identity,
        input.login,
        input.password,
        address=context.address,
        user_agent=context.user_agent,
    )
    return SessionPayload.admit(context, admission)
