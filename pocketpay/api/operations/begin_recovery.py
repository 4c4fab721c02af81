"""The resolver of `operations.beginRecovery`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import REASON
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.operations.customer import Customer
from pocketpay.api.operations.customer_payload import CustomerPayload
from pocketpay.api.operations.customer_wallet_payload import wallet_of_text
from pocketpay.operations import begin_recovery as operations


@strawberry.input(description="The customer who cannot sign in, and the reason.")
class BeginRecoveryInput:
    customer: str = strawberry.field(
        description="The customer's username, with or without \"@\", or the customer's user id or wallet id."
    )
    reason: str = strawberry.field(description=REASON)


@strawberry.mutation(
    description="Sends a code of eight digits and a link to the customer's verified email address, as "
    "requestPasswordReset does. Both are valid for 30 minutes, and resetPassword sets a new or first password with "
    "them. The operator sees neither. Refusals: NOT_FOUND, INVALID_INPUT (the reason), FORBIDDEN (the operator's own "
    "account), MAIL_UNAVAILABLE, WALLET_CLOSED, WALLET_FROZEN (frozen for ALL), EMAIL_NOT_VERIFIED, RATE_LIMITED "
    "(two such mails within 15 minutes, requested by anyone; earlier codes and links stay valid)."
)
@refusals_as_errors(CustomerPayload)
async def begin_recovery(
    info: Info, input: Annotated[BeginRecoveryInput, strawberry.argument(description="The customer and the reason.")]
) -> CustomerPayload:
    operator, services = info.context.require_operator(), info.context.services
    wallet_id = await wallet_of_text(info, input.customer, field="customer")
    user = await operations.begin_recovery(
        services.database, services.identity.outbox, operator, wallet_id, raw_reason=input.reason
    )
    return CustomerPayload(customer=Customer.of(user))
