"""The resolver of `operations.verifyCustomerEmail`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import REASON
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.operations.customer import Customer
from pocketpay.api.operations.customer_payload import CustomerPayload
from pocketpay.api.operations.customer_wallet_payload import wallet_of_text
from pocketpay.operations import verify_customer_email as operations


@strawberry.input(description="The customer, the email address to mark as verified, and the reason.")
class VerifyCustomerEmailInput:
    customer: str = strawberry.field(
        description="The customer's username, with or without \"@\", or the customer's user id or wallet id."
    )
    email: str = strawberry.field(description="The email address. It must be the customer's current one.")
    reason: str = strawberry.field(description=REASON)


@strawberry.mutation(
    description="Marks a customer's email address as verified, as if the customer had called verifyEmail. If "
    "another user had verified the address before, it becomes unverified for that user. When the address is already "
    "verified, nothing changes and nothing is recorded. Refusals: NOT_FOUND, INVALID_INPUT (the reason; or the "
    "email address is not the customer's, or the customer has none), FORBIDDEN (the operator's own account), "
    "WALLET_CLOSED."
)
@refusals_as_errors(CustomerPayload)
async def verify_customer_email(
    info: Info,
    input: Annotated[
        VerifyCustomerEmailInput, strawberry.argument(description="The customer, the address and the reason.")
    ],
) -> CustomerPayload:
    operator, services = info.context.require_operator(), info.context.services
    wallet_id = await wallet_of_text(info, input.customer, field="customer")
    user, _ = await operations.verify_customer_email(
        services.database, operator, wallet_id, raw_email=input.email, raw_reason=input.reason
    )
    return CustomerPayload(customer=Customer.of(user))
