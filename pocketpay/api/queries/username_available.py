"""The resolver of `usernameAvailable`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import UserError, user_errors
from pocketpay.errors import Refusal
from pocketpay.identity import check_username as identity
from pocketpay.identity.errors import RateLimited


@strawberry.type(description="Whether a username can be chosen, or why not.")
class UsernameAvailability:
    available: bool | None = strawberry.field(
        default=None, description="Whether signUp would take it now; null when that was not looked up (RATE_LIMITED)."
    )
    username: str | None = strawberry.field(
        default=None, description='Its spelling as it would be kept, like "ada" for "Ada"; null unless available.'
    )
    errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why it would be refused; empty when it would not."
    )


@strawberry.field(
    description="Whether a username is well formed and free. Needs no session, and reserves nothing. Ask when the "
    "field is left, not at each key: one address may ask 60 times an hour in production. Refusals: INVALID_INPUT, "
    "USERNAME_TAKEN, RATE_LIMITED."
)
async def username_available(
    info: Info, username: Annotated[str, strawberry.argument(description="The username, as for signUp.")]
) -> UsernameAvailability:
    context = info.context
    try:
        spelled = await identity.check_username(context.rooms.reception, username, address=context.address)
    except Refusal as refusal:
        known = None if isinstance(refusal, RateLimited) else False
        return UsernameAvailability(available=known, errors=user_errors((refusal,), prefix=()))
    return UsernameAvailability(available=True, username=spelled)
