"""The payload of every mutation that changes the viewer."""

from typing import Self

import strawberry

from pocketpay.api.descriptions import ERRORS
from pocketpay.api.errors import Refusals, UserError
from pocketpay.api.user import User
from pocketpay.identity.user import Changed


@strawberry.type(description="The result of a change to the viewer: the changed user, or the errors.")
class UserPayload:
    user: User | None = strawberry.field(
        default=None, description="The viewer after the change; null when the request was refused."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)

    @classmethod
    def of(cls, changed: Changed) -> Self:
        """The payload of a change. Raises Refusals when the change was refused."""
        if changed.user is None:
            raise Refusals(changed.refusals)
        return cls(user=User.of(changed.user))
