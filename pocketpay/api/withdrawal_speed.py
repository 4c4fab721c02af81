"""The speed of a withdrawal."""

from enum import Enum

import strawberry

from pocketpay.payments.fees import Speed


@strawberry.enum(description="The speed of a withdrawal.")
class WithdrawalSpeed(Enum):
    STANDARD = strawberry.enum_value(
        "STANDARD", description="The money arrives when the bank processes the withdrawal. There is no fee."
    )
    INSTANT = strawberry.enum_value(
        "INSTANT", description="The money arrives immediately, for a fee. `withdrawalPreview` returns the fee."
    )

    @property
    def speed(self) -> Speed:
        return Speed[self.name]
