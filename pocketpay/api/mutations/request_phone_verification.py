"""The resolver of `requestPhoneVerification`."""

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.user_payload import UserPayload
from pocketpay.identity import request_phone_verification as identity


@strawberry.mutation(
    description="Sends a text message with a code of six digits for verifyPhone to the viewer's phone number. It is "
    "valid for 10 minutes. Earlier codes become invalid. Sends nothing when the number is already verified. "
    "Refusals: INVALID_INPUT (the viewer has no phone number), WALLET_FROZEN (frozen for ALL), "
    "TEXT_MESSAGES_UNAVAILABLE, RATE_LIMITED (five an hour; fewer while many other users request messages to the "
    "same number)."
)
@refusals_as_errors(UserPayload)
async def request_phone_verification(info: Info) -> UserPayload:
    context = info.context
    return UserPayload.of(
        await identity.request_phone_verification(
            context.services.identity, context.require_viewer(), address=context.address
        )
    )
