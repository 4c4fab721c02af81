"""Why a payment is risky, in words."""

from enum import Enum
from typing import Self

import strawberry

from pocketpay.risk.rule import Reason
from pocketpay.risk.rules import rule_named


@strawberry.enum(description="A rule that can make a payment risky.")
class RiskRule(Enum):
    LARGE_TRANSFER = strawberry.enum_value("LARGE_TRANSFER", description="The amount is above a threshold.")
    NEW_RECIPIENT = strawberry.enum_value(
        "NEW_RECIPIENT", description="No payment to this person has been completed before."
    )
    RAPID_TRANSFERS = strawberry.enum_value(
        "RAPID_TRANSFERS", description="Many payments went out or were promised within a short time."
    )


@strawberry.type(description="One reason why a payment is risky.")
class RiskReason:
    rule: RiskRule = strawberry.field(description="The rule that matched.")
    message: str = strawberry.field(description="The same in words for the sender, with the threshold that applied.")

    @classmethod
    def of(cls, reason: Reason) -> Self:
        """Told with the thresholds as they were when the payment was judged: the settings may have changed since."""
        return cls(rule=RiskRule[reason.rule.upper()], message=rule_named(reason.rule).words.format_map(reason.facts))
