"""How fast a withdrawal goes."""

from enum import Enum

import strawberry

from pocketpay.payments.fees import Speed


@strawberry.enum(description="How fast money goes to a bank.")
class WithdrawalSpeed(Enum):
    STANDARD = strawberry.enum_value("STANDARD", description="When the bank gets to it; free.")
    INSTANT = strawberry.enum_value("INSTANT", description="At once, for a fee: `withdrawalPreview` says how much.")

    @property
    def speed(self) -> Speed:
        return Speed[self.name]
