"""The resolver of `changePassword`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import NEW_PASSWORD
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.user_payload import UserPayload
from pocketpay.identity import change_password as identity


@strawberry.input(description="The current password and the new one.")
class ChangePasswordInput:
    current_password: str = strawberry.field(description="The viewer's current password.")
    new_password: str = strawberry.field(description=NEW_PASSWORD)


@strawberry.mutation(
    description="Changes the viewer's password and ends all other sessions of the viewer on every server: their "
    "tokens are refused and their websockets close. The current session stays. A verified email address gets a "
    "mail about the change. The errors of both fields are returned together. Refusals: INVALID_CREDENTIALS, "
    "WEAK_PASSWORD, WALLET_FROZEN (frozen for ALL), RATE_LIMITED (too many wrong passwords in signed-in requests; "
    "signIn does not count)."
)
@refusals_as_errors(UserPayload)
async def change_password(
    info: Info,
    input: Annotated[ChangePasswordInput, strawberry.argument(description="The current and the new password.")],
) -> UserPayload:
    context = info.context
    changed = await identity.change_password(
        context.services.identity,
        context.require_viewer(),
        input.current_password,
        input.new_password,
        address=context.address,
    )
    return UserPayload.of(changed)
