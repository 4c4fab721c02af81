"""The resolver of `revokeOtherSessions`."""

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.mutations.sign_out import SignOutPayload
from pocketpay.identity import sessions


@strawberry.mutation(description="Ends all sessions of the viewer except the current one.")
async def revoke_other_sessions(info: Info) -> SignOutPayload:
    context = info.context
    return SignOutPayload(revoked=await sessions.revoke_others(context.services.identity, context.require_viewer()))
