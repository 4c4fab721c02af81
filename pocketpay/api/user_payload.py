"""What every mutation that changes the viewer answers."""

from typing import Self

import strawberry

from pocketpay.api.errors import UserError, user_errors
from pocketpay.api.user import User
from pocketpay.identity.user import Changed


@strawberry.type(description="The result of a change to the viewer: the user as they are now, or the errors.")
class UserPayload:
    user: User | None = strawberry.field(
        default=None, description="The viewer after the change; null when the request was refused."
    )
    errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why the request was refused; empty on success."
    )

    @classmethod
    def of(cls, changed: Changed) -> Self:
        if changed.user is None:
            return cls(errors=user_errors(changed.refusals))
        return cls(user=User.of(changed.user))
