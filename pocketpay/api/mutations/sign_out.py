"""The door of `signOut`, and what every mutation that ends sessions answers."""

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import ERRORS
from pocketpay.api.errors import UserError
from pocketpay.identity import sessions


@strawberry.type(description="How many sessions were ended, or why none.")
class SignOutPayload:
    revoked: int = strawberry.field(
        default=0, description="How many sessions ended; their tokens are refused and their websockets close."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.mutation(description="Ends the session this request came through.")
async def sign_out(info: Info) -> SignOutPayload:
    context = info.context
    revoked = await sessions.sign_out(context.rooms.reception, context.must_view())
    context.viewer = None
    if context.refresh_cookie is not None:
        context.refresh_cookie.remove()
    return SignOutPayload(revoked=revoked)
