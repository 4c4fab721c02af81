"""The door of `changePassword`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import NEW_PASSWORD
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.user_payload import UserPayload
from pocketpay.identity import change_password as identity


@strawberry.input(description="The password as it is, and as it is to be.")
class ChangePasswordInput:
    current_password: str = strawberry.field(description="The viewer's password as it is now.")
    new_password: str = strawberry.field(description=NEW_PASSWORD)


@strawberry.mutation(
    description="Gives the viewer another password and ends all their other sessions, on every server: their tokens "
    "are refused and their websockets close. This session stays. A mail tells a verified address. Both "
    "fields are judged together. Refusals: "
    "INVALID_CREDENTIALS, WEAK_PASSWORD, WALLET_FROZEN (for all), RATE_LIMITED (after wrong passwords of signed-in "
    "requests; those of signIn do not count)."
)
@refusals_as_errors(UserPayload)
async def change_password(
    info: Info, input: Annotated[ChangePasswordInput, strawberry.argument(description="The two passwords.")]
) -> UserPayload:
    context = info.context
    changed = await identity.change_password(
        context.rooms.reception,
        context.must_view(),
        input.current_password,
        input.new_password,
        address=context.address,
    )
    return UserPayload.of(changed)
