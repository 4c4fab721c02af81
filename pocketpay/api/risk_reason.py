"""Why a payment is risky, in words."""

from typing import Self

import strawberry

from pocketpay.api.registered import registered_enum
from pocketpay.risk.rule import Reason
from pocketpay.risk.rules import RULES, rule_named

RISK_RULE = registered_enum(
    "RiskRule", "A rule that can make a payment risky.", {rule.name: rule.description for rule in RULES}
)


@strawberry.type(description="One reason why a payment is risky.")
class RiskReason:
    rule: str = strawberry.field(graphql_type=RISK_RULE, description="The rule that matched.")
    message: str = strawberry.field(description="The same in words for the sender, with the threshold that applied.")

    @classmethod
    def of(cls, reason: Reason) -> Self:
        """Told with the thresholds as they were when the payment was judged: the settings may have changed since."""
        return cls(rule=reason.rule, message=rule_named(reason.rule).words.format_map(reason.facts))
