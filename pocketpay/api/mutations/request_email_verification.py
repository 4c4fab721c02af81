"""The resolver of `requestEmailVerification`."""

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.user_payload import UserPayload
from pocketpay.identity import request_email_verification as identity


@strawberry.mutation(
    description="Sends a code of eight digits and a link for verifyEmail to the viewer's email address. Both are "
    "valid for 15 minutes. Earlier codes and links become invalid. Sends nothing when the address is already "
    "verified. Refusals: INVALID_INPUT (the viewer has no email address), WALLET_FROZEN (frozen for ALL), "
    "MAIL_UNAVAILABLE, RATE_LIMITED (five an hour; fewer while many other users request mail to the same address)."
)
@refusals_as_errors(UserPayload)
async def request_email_verification(info: Info) -> UserPayload:
    context = info.context
    return UserPayload.of(
        await identity.request_email_verification(
            context.services.identity, context.require_viewer(), address=context.address
        )
    )
