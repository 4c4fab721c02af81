"""The resolver of `usernameAvailable`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import UserError, user_errors
from pocketpay.errors import Refusal
from pocketpay.identity import check_username as identity
from pocketpay.identity.errors import RateLimited


@strawberry.type(description="Whether a username can be chosen, or the errors.")
class UsernameAvailability:
    available: bool | None = strawberry.field(
        default=None,
        description="Whether signUp would accept the username now; null when this was not checked (RATE_LIMITED).",
    )
    username: str | None = strawberry.field(
        default=None,
        description='The username as it would be stored, like "ada" for "Ada"; null unless it is available.',
    )
    errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why the username would be refused; empty when it is available."
    )


@strawberry.field(
    description="Whether a username is valid and free. Needs no session and does not reserve the username. Query "
    "it when the user leaves the field, not at each key press: in production one address can query it 60 times an "
    "hour. Refusals: INVALID_INPUT, USERNAME_TAKEN, RATE_LIMITED."
)
async def username_available(
    info: Info, username: Annotated[str, strawberry.argument(description="The username, as in signUp.")]
) -> UsernameAvailability:
    context = info.context
    try:
        stored_username = await identity.check_username(context.services.identity, username, address=context.address)
    except Refusal as refusal:
        available = None if isinstance(refusal, RateLimited) else False
        return UsernameAvailability(available=available, errors=user_errors((refusal,), prefix=()))
    return UsernameAvailability(available=True, username=stored_username)
