"""The resolver of `verifyEmail`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.user_payload import UserPayload
from pocketpay.identity import shown_code
from pocketpay.onboarding import verify_email as onboarding


@strawberry.input(description="The code, or the token of the link, that requestEmailVerification sent.")
class VerifyEmailInput:
    code: str | None = strawberry.field(
        default=strawberry.UNSET, description="The code of eight digits. Spaces and hyphens are ignored."
    )
    token: str | None = strawberry.field(
        default=strawberry.UNSET, description='The text after "#token=" in the link. It replaces the code.'
    )


@strawberry.mutation(
    description="Verifies the viewer's email address with the code or link that was sent to it. An address belongs "
    "to the user who verified it last: if another user had verified the address before, it becomes unverified for "
    "that user. Idempotent: a verified address stays verified. In production this pays a welcome bonus, if "
    "configured: once per address and once per wallet. Refusals: INVALID_INPUT (neither code nor token, or both), "
    "INVALID_CODE (wrong, used, expired, sent to an earlier address, or after five wrong codes: then only the link "
    "is valid), WALLET_FROZEN (frozen for ALL)."
)
@refusals_as_errors(UserPayload)
async def verify_email(
    info: Info, input: Annotated[VerifyEmailInput, strawberry.argument(description="The code or the token.")]
) -> UserPayload:
    viewer, services = info.context.require_viewer(), info.context.services
    proof = shown_code.read(input.code or None, input.token or None)
    return UserPayload.of(
        await onboarding.verify_email(services.identity, services.desk, services.settings, viewer, proof)
    )
