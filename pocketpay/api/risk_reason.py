"""Why a payment is risky, in words."""

from collections.abc import Iterable
from typing import Self

import strawberry

from pocketpay.api.registered import registered_enum
from pocketpay.risk.rule import Reason
from pocketpay.risk.rules import RULES, RULES_BY_NAME

RISK_RULE = registered_enum("RiskRule", "A risk rule.", {rule.name: rule.description for rule in RULES})


@strawberry.type(description="One reason why a payment is risky.")
class RiskReason:
    rule: str = strawberry.field(graphql_type=RISK_RULE, description="The rule that matched.")
    message: str = strawberry.field(
        description="A text for the sender: the reason, with the thresholds that applied."
    )

    @classmethod
    def of(cls, reasons: Iterable[Reason]) -> list[Self]:
        """Told with the thresholds as they were when the payment was judged: the settings may have changed since.

        A reason of a rule that only a newer server has is left out: there are no words for it here.
        """
        return [
            cls(rule=reason.rule, message=RULES_BY_NAME[reason.rule].words.format_map(reason.facts))
            for reason in reasons
            if reason.rule in RULES_BY_NAME
        ]
