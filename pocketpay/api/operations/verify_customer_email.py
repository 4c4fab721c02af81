"""The resolver of `operations.verifyCustomerEmail`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import REASON
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.operations.customer import Customer
from pocketpay.api.operations.customer_payload import CustomerPayload
from pocketpay.api.operations.customer_wallet_payload import wallet_meant
from pocketpay.operations import verify_customer_email as operations


@strawberry.input(description="A customer whose email address is to be verified.")
class VerifyCustomerEmailInput:
    customer: str = strawberry.field(
        description='The customer\'s username, with or without "@", or their user or wallet id.'
    )
    email: str = strawberry.field(description="The address, which must be the one that the customer has given.")
    reason: str = strawberry.field(description=REASON)


@strawberry.mutation(
    description="Declares that the email address of a customer is theirs, as if they had verified it by verifyEmail: "
    "for another user who had verified it before, it is not verified any more. An address that is verified already "
    "stays so, and nothing is recorded. Refusals: NOT_FOUND, INVALID_INPUT (reason; email: another address than the "
    "customer's; customer: has given no address), FORBIDDEN (the operator's own account), WALLET_CLOSED."
)
@refusals_as_errors(CustomerPayload)
async def verify_customer_email(
    info: Info,
    input: Annotated[
        VerifyCustomerEmailInput, strawberry.argument(description="Which customer and address, and why.")
    ],
) -> CustomerPayload:
    operator, rooms = info.context.must_operate(), info.context.rooms
    wallet_id = await wallet_meant(info, input.customer, field="customer")
    user, _ = await operations.verify_customer_email(
        rooms.database, operator, wallet_id, raw_email=input.email, raw_reason=input.reason
    )
    return CustomerPayload(customer=Customer.of(user))
