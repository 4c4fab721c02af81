"""The door of `signUp`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import NEW_PASSWORD
from pocketpay.api.errors import Refusals, refusals_as_errors
from pocketpay.api.scalars import CurrencyCode
from pocketpay.api.session_payload import SessionPayload
from pocketpay.onboarding import sign_up as onboarding
from pocketpay.onboarding.form import Form


@strawberry.input(description="A new person.")
class SignUpInput:
    username: str = strawberry.field(
        description="The name others will pay them by: 3 to 30 of a to z, digits and underscores, whatever the case. "
        "It must not look like a name of Pocket Pay or its staff. It cannot be changed and is never given to anybody "
        "else."
    )
    name: str = strawberry.field(
        description="The name they go by: 1 to 100 characters, shown to whoever they pay. It must show something "
        "and must not look like a name of Pocket Pay or its staff."
    )
    password: str = strawberry.field(description=NEW_PASSWORD)
    email: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Their email address; signIn takes it in place of the username. It is not theirs alone until "
        "they have verified it (requestEmailVerification).",
    )
    phone: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Their phone number, with its country: +12025550123. Spaces, hyphens, digits of other scripts "
        "and marks that are not seen are read as the number they show. signIn takes it in place of the username. It "
        "is not theirs alone until they have verified it (requestPhoneVerification).",
    )
    currency: CurrencyCode | None = strawberry.field(
        default=CurrencyCode("USD"), description="The currency of their wallet, one of those served here."
    )


@strawberry.mutation(
    description="Makes a user with a wallet, and signs them in. A welcome bonus, where there is one, is in the "
    "wallet at once; in production it is paid by verifyEmail, once per email address. Everything that is "
    "wrong with the input is said together. Refusals: INVALID_INPUT, WEAK_PASSWORD, USERNAME_TAKEN, EMAIL_TAKEN, "
    "PHONE_TAKEN, RATE_LIMITED."
)
@refusals_as_errors(SessionPayload)
async def sign_up(
    info: Info, input: Annotated[SignUpInput, strawberry.argument(description="Who signs up.")]
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
        context.rooms.reception,
        context.rooms.settings,
        form,
        address=context.address,
        user_agent=context.user_agent,
    )
    if signed_up.admission is None:
        raise Refusals(signed_up.refusals)
    return SessionPayload.admit(context, signed_up.admission)
