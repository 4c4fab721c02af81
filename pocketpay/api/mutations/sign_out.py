"""The resolver of `signOut`, and the payload of every mutation that ends sessions."""

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import ERRORS
from pocketpay.api.errors import UserError
from pocketpay.identity import sessions


@strawberry.type(description="The result of ending sessions: the number of ended sessions, or the errors.")
class SignOutPayload:
    revoked: int = strawberry.field(
        default=0, description="Number of sessions that ended. Their tokens are refused and their websockets close."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.mutation(description="Ends the current session.")
async def sign_out(info: Info) -> SignOutPayload:
    context = info.context
    revoked = await sessions.sign_out(context.services.identity, context.require_viewer())
    context.viewer = None
    if context.refresh_cookie is not None:
        context.refresh_cookie.remove()
    return SignOutPayload(revoked=revoked)
