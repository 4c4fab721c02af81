"""The door of `closeWallet`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.mutations.sign_out import SignOutPayload
from pocketpay.onboarding import close_wallet as onboarding


@strawberry.mutation(
    description="Closes the viewer's wallet for good, and they leave: every session of theirs ends, their cards "
    "close, what they are asked for is declined, what they asked for is cancelled. Their name, email address, phone "
    "number and picture are forgotten, their username is never given again, and nobody who comes again with the "
    "email address is given a welcome bonus in production; the books stay. The wallet must be empty, with nothing "
    "under way. Refusals: INVALID_CREDENTIALS, WALLET_FROZEN, BALANCE_NOT_ZERO, RATE_LIMITED (after wrong passwords "
    "of signed-in requests; those of signIn do not count)."
)
@refusals_as_errors(SignOutPayload, ())
async def close_wallet(
    info: Info, password: Annotated[str, strawberry.argument(description="The viewer's password, once more.")]
) -> SignOutPayload:
    context = info.context
    rooms = context.rooms
    revoked = await onboarding.close_wallet(
        rooms.reception, rooms.desk, context.must_view(), password, address=context.address
    )
    context.viewer = None
    if context.refresh_cookie is not None:
        context.refresh_cookie.remove()
    return SignOutPayload(revoked=revoked)
