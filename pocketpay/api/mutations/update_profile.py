"""The resolver of `updateProfile`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.optional_field import requested_value
from pocketpay.api.user_payload import UserPayload
from pocketpay.identity import update_profile as identity
from pocketpay.identity.changes import TypedChanges


@strawberry.input(description="The fields to change. An absent field does not change; null clears a field.")
class UpdateProfileInput:
    name: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The display name: 1 to 100 characters, at least one of them visible. It must not look like a "
        "name of Pocket Pay or its staff, except for the current name. It cannot be cleared: null is refused with "
        "INVALID_INPUT.",
    )
    email: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The email address. Needs currentPassword. A new address is not verified. The old address gets "
        "a mail about the change if it was verified.",
    )
    phone: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The phone number with its country code: +12025550123. Spaces, hyphens and invisible characters "
        "are ignored, and digits of other scripts are accepted. Needs currentPassword. A new number is not "
        "verified. The old number gets a text message about the change if it was verified.",
    )
    avatar_url: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The URL of a picture: https on a public host, without credentials, at most 500 characters. The "
        "server does not fetch it.",
    )
    current_password: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The viewer's current password. Required when the input has email or phone, also with the "
        "value null; otherwise ignored.",
    )


@strawberry.mutation(
    description="Updates the viewer's profile: either all given fields change, or none. All errors of the input are "
    "returned together. EMAIL_TAKEN and PHONE_TAKEN are returned only with the right password. When the email "
    "address changes, the old one gets a mail. When the phone number changes, the old one gets a text message. "
    "Refusals: INVALID_INPUT, INVALID_CREDENTIALS, EMAIL_TAKEN, PHONE_TAKEN, WALLET_FROZEN (frozen for ALL), "
    "RATE_LIMITED (too many wrong passwords in signed-in requests, or more than ten changes of email or phone "
    "within an hour, including refused ones)."
)
@refusals_as_errors(UserPayload)
async def update_profile(
    info: Info, input: Annotated[UpdateProfileInput, strawberry.argument(description="The fields to change.")]
) -> UserPayload:
    context = info.context
    typed = TypedChanges(
        raw_name=requested_value(input.name),
        raw_email=requested_value(input.email),
        raw_phone=requested_value(input.phone),
        raw_avatar_url=requested_value(input.avatar_url),
        current_password=input.current_password or None,
    )
    changed = await identity.update_profile(
        context.services.identity, context.require_viewer(), typed, address=context.address
    )
    return UserPayload.of(changed)
