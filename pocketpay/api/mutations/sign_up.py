"""The resolver of `signUp`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import NEW_PASSWORD
from pocketpay.api.errors import Refusals, refusals_as_errors
from pocketpay.api.scalars import CurrencyCode
from pocketpay.api.session_payload import SessionPayload
from pocketpay.onboarding import sign_up as onboarding
from pocketpay.onboarding.form import Form


@strawberry.input(description="A new user.")
class SignUpInput:
    username: str = strawberry.field(
        description="The unique username that other users pay to: 3 to 30 letters a to z, digits and underscores; "
        "case does not matter. It must not look like a name of Pocket Pay or its staff. It cannot be changed and is "
        "never given to anybody else."
    )
    name: str = strawberry.field(
        description="The display name: 1 to 100 characters, at least one of them visible. Other users see it. It "
        "must not look like a name of Pocket Pay or its staff."
    )
    password: str = strawberry.field(description=NEW_PASSWORD)
    email: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The email address. signIn accepts it instead of the username. Other users can give the same "
        "address until this user has verified it (requestEmailVerification).",
    )
    phone: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The phone number with its country code: +12025550123. Spaces, hyphens and invisible characters "
        "are ignored, and digits of other scripts are accepted. signIn accepts it instead of the username. Other "
        "users can give the same number until this user has verified it (requestPhoneVerification).",
    )
    currency: CurrencyCode | None = strawberry.field(
        default=CurrencyCode("USD"), description="The currency of the wallet. The server must support it."
    )


@strawberry.mutation(
    description="Creates a user with a wallet and signs them in. A welcome bonus, if configured, is in the new "
    "wallet in development. In production verifyEmail pays the bonus, once per email address. All errors of the "
    "input are returned together. Refusals: INVALID_INPUT, WEAK_PASSWORD, USERNAME_TAKEN, EMAIL_TAKEN, "
    "PHONE_TAKEN, RATE_LIMITED."
)
@refusals_as_errors(SessionPayload)
async def sign_up(
    info: Info, input: Annotated[SignUpInput, strawberry.argument(description="The new user.")]
) -> SessionPayload:
    context = info.context
    form = Form(
        raw_username=input.username,
        raw_name=input.name,
        password=input.password,
        raw_email=None if input.email is strawberry.UNSET else input.email,
        raw_phone=None if input.phone is strawberry.UNSET else input.phone,
        currency=input.currency or "USD",
    )
    signed_up = await onboarding.sign_up(
        context.services.identity,
        context.services.settings,
        form,
        address=context.address,
        user_agent=context.user_agent,
    )
    if signed_up.admission is None:
        raise Refusals(signed_up.refusals)
    return SessionPayload.admit(context, signed_up.admission)
