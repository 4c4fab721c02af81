"""The resolver of `revokeSession`."""

from typing import Annotated

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.errors import BY_ID, refusals_as_errors
from pocketpay.api.mutations.sign_out import SignOutPayload
from pocketpay.identity import sessions


@strawberry.mutation(
    description="Ends one of the viewer's sessions, for example on a lost phone. A session that has already ended "
    "is not an error. Refusals: NOT_FOUND."
)
@refusals_as_errors(SignOutPayload, BY_ID)
async def revoke_session(
    info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The id of the session.")]
) -> SignOutPayload:
    context = info.context
    viewer, session_id = context.require_viewer(), ids.decode(ids.SESSION, id)
    revoked = await sessions.revoke(context.services.identity, viewer, session_id)
    if session_id == viewer.session_id:
        context.viewer = None
    return SignOutPayload(revoked=revoked)
