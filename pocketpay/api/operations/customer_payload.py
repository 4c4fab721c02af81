"""What mutations that help a customer return."""

import strawberry

from pocketpay.api.descriptions import ERRORS
from pocketpay.api.errors import UserError
from pocketpay.api.operations.customer import Customer


@strawberry.type(description="The customer as they are now, or why nothing was changed.")
class CustomerPayload:
    customer: Customer | None = strawberry.field(default=None, description="The customer; null when refused.")
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)
