"""The payload of mutations that help a customer who is locked out."""

import strawberry

from pocketpay.api.descriptions import ERRORS
from pocketpay.api.errors import UserError
from pocketpay.api.operations.customer import Customer


@strawberry.type(description="The result of a change to a customer: the changed customer, or the errors.")
class CustomerPayload:
    customer: Customer | None = strawberry.field(
        default=None, description="The customer; null when the request was refused."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)
