"""The door of `updateProfile`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.user_payload import UserPayload
from pocketpay.api.wanted import wanted
from pocketpay.identity import update_profile as identity
from pocketpay.identity.changes import Wish


@strawberry.input(description="What is to be changed. A field left out stays as it is, null clears it.")
class UpdateProfileInput:
    name: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The name they go by: 1 to 100 characters. It must show something, and must not look like a name "
        "of Pocket Pay or its staff, unless it is the name they have. It cannot be cleared: null is INVALID_INPUT.",
    )
    email: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Their email address. Needs currentPassword. A new address is not verified; the old one, if it "
        "was verified, is sent a mail about the change.",
    )
    phone: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Their phone number, with its country: +12025550123. Spaces, hyphens, digits of other scripts "
        "and marks that are not seen are read as the number they show. Needs currentPassword. A new number is not "
        "verified; the old one, if it was verified, is sent a text message about the change.",
    )
    avatar_url: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Where a picture of them is: an https address on a public host, without a login, at most 500 "
        "characters. The server does not fetch it.",
    )
    current_password: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The viewer's password; asked when email or phone is there, null too; else not looked at.",
    )


@strawberry.mutation(
    description="Changes what is known of the viewer, all that is asked or nothing. Everything that is wrong with "
    "the input is said together; what somebody else has verified, only with the right password. A mail tells "
    "the old email address when it is changed, a text message the old number. Refusals: "
    "INVALID_INPUT, INVALID_CREDENTIALS, EMAIL_TAKEN, PHONE_TAKEN, WALLET_FROZEN (for all), RATE_LIMITED (after "
    "wrong passwords of signed-in requests, and after ten changes of email or phone within an hour, made or refused)."
)
@refusals_as_errors(UserPayload)
async def update_profile(
    info: Info, input: Annotated[UpdateProfileInput, strawberry.argument(description="What is to be changed.")]
) -> UserPayload:
    context = info.context
    wish = Wish(
        raw_name=wanted(input.name),
        raw_email=wanted(input.email),
        raw_phone=wanted(input.phone),
        raw_avatar_url=wanted(input.avatar_url),
        current_password=input.current_password or None,
    )
    changed = await identity.update_profile(
        context.rooms.reception, context.must_view(), wish, address=context.address
    )
    return UserPayload.of(changed)
