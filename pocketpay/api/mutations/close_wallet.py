"""The resolver of `closeWallet`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.mutations.sign_out import SignOutPayload
from pocketpay.onboarding import close_wallet as onboarding


@strawberry.mutation(
    description="Closes the viewer's wallet and account permanently. All sessions end and all cards are closed. "
    "Open money requests to the viewer are declined, and open money requests from the viewer are cancelled. Name, "
    "email address, phone number and picture are deleted. The username is never given to anybody else. In "
    "production, a new account with the same email address gets no welcome bonus. Ledger entries stay. The wallet "
    "must be empty, with no unfinished payments. Refusals: INVALID_CREDENTIALS, WALLET_FROZEN, BALANCE_NOT_ZERO, "
    "RATE_LIMITED (too many wrong passwords in signed-in requests; signIn does not count)."
)
@refusals_as_errors(SignOutPayload, ())
async def close_wallet(
    info: Info, password: Annotated[str, strawberry.argument(description="The viewer's current password.")]
) -> SignOutPayload:
    context = info.context
    services = context.services
    revoked = await onboarding.close_wallet(
        services.identity, services.desk, context.require_viewer(), password, address=context.address
    )
    context.viewer = None
    if context.refresh_cookie is not None:
        context.refresh_cookie.remove()
    return SignOutPayload(revoked=revoked)
