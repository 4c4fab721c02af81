"""What the mutations answer by which a forgotten password is replaced."""

import strawberry

from pocketpay.api.descriptions import ERRORS
from pocketpay.api.errors import UserError


@strawberry.type(description="Nothing but why it was refused.")
class PasswordResetPayload:
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)
