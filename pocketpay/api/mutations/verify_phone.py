"""The resolver of `verifyPhone`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.user_payload import UserPayload
from pocketpay.identity import verify_phone as identity


@strawberry.input(description="The code that requestPhoneVerification sent.")
class VerifyPhoneInput:
    code: str = strawberry.field(description="The code of six digits. Spaces and hyphens are ignored.")


@strawberry.mutation(
    description="Verifies the viewer's phone number with the code that was sent to it. A number belongs to the "
    "user who verified it last: if another user had verified the number before, it becomes unverified for that user. "
    "Idempotent: a verified number stays verified. Refusals: INVALID_CODE (wrong, used, expired, sent to an "
    "earlier number, or after five wrong codes), WALLET_FROZEN (frozen for ALL)."
)
@refusals_as_errors(UserPayload)
async def verify_phone(
    info: Info, input: Annotated[VerifyPhoneInput, strawberry.argument(description="The code.")]
) -> UserPayload:
    viewer = info.context.require_viewer()
    return UserPayload.of(await identity.verify_phone(info.context.services.identity, viewer, input.code))
