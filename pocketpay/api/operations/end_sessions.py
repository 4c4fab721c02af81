"""The resolver of `operations.endSessions`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import ERRORS, REASON
from pocketpay.api.errors import UserError, refusals_as_errors
from pocketpay.api.operations.customer import Customer
from pocketpay.api.operations.customer_wallet_payload import wallet_of_text
from pocketpay.operations import end_sessions as operations


@strawberry.input(description="The customer to sign out everywhere, and the reason.")
class EndSessionsInput:
    customer: str = strawberry.field(
        description="The customer's username, with or without \"@\", or the customer's user id or wallet id."
    )
    reason: str = strawberry.field(description=REASON)


@strawberry.type(
    description="The result of ending a customer's sessions: the number of ended sessions, or the errors."
)
class EndSessionsPayload:
    customer: Customer | None = strawberry.field(
        default=None, description="The customer; null when the request was refused."
    )
    ended: int = strawberry.field(
        default=0, description="Number of sessions that ended. Their tokens are refused and their websockets close."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.mutation(
    description="Ends every session of a customer, on every server. The password does not change. When no session "
    "is active, nothing is recorded. Refusals: NOT_FOUND, INVALID_INPUT (the reason), FORBIDDEN (the operator's own "
    "account), WALLET_CLOSED."
)
@refusals_as_errors(EndSessionsPayload)
async def end_sessions(
    info: Info, input: Annotated[EndSessionsInput, strawberry.argument(description="The customer and the reason.")]
) -> EndSessionsPayload:
    operator, services = info.context.require_operator(), info.context.services
    wallet_id = await wallet_of_text(info, input.customer, field="customer")
    ended = await operations.end_sessions(services.database, operator, wallet_id, raw_reason=input.reason)
    # Applied immediately on this server. The other servers get a signal.
    services.identity.gate.evict(ended.session_ids)
    return EndSessionsPayload(customer=Customer.of(ended.user), ended=len(ended.session_ids))
