"""The resolver of `verifyPhone`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.user_payload import UserPayload
from pocketpay.identity import verify_phone as identity


@strawberry.input(description="What requestPhoneVerification has sent.")
class VerifyPhoneInput:
    code: str = strawberry.field(description="The six digits, with any spaces or hyphens between.")


@strawberry.mutation(
    description="Verifies the viewer's phone number with the code that was sent to it. A number is theirs who "
    "verified it last: if another user had verified it before, it is not verified for them any more. Idempotent: "
    "a verified number stays verified. Refusals: INVALID_CODE (wrong, used, expired, sent to an earlier number, or "
    "after five wrong codes), WALLET_FROZEN (for all)."
)
@refusals_as_errors(UserPayload)
async def verify_phone(
    info: Info, input: Annotated[VerifyPhoneInput, strawberry.argument(description="The code.")]
) -> UserPayload:
    viewer = info.context.must_view()
    return UserPayload.of(await identity.verify_phone(info.context.rooms.reception, viewer, input.code))
