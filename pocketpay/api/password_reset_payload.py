"""The payload of the two mutations that replace a forgotten password."""

import strawberry

from pocketpay.api.descriptions import ERRORS
from pocketpay.api.errors import UserError


@strawberry.type(description="The result of a password reset: only the errors.")
class PasswordResetPayload:
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)
