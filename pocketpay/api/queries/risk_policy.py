"""The resolver of `Query.riskPolicy`: the risk rules that apply to the viewer's payments."""

from enum import Enum
from typing import Any, Self

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.money import Money
from pocketpay.api.risk_reason import RISK_RULE
from pocketpay.risk.large_transfer import LargeTransfer
from pocketpay.risk.new_recipient import NewRecipient
from pocketpay.risk.rapid_transfers import RAPID_COUNT_OFF, RapidTransfers
from pocketpay.risk.rule import Rule, RuleAction


@strawberry.enum(description="What a risk rule does with a payment that it matches.")
class RiskAction(Enum):
    OFF = strawberry.enum_value("OFF", description="Nothing: the rule is off.")
    CONFIRM = strawberry.enum_value("CONFIRM", description="The payment waits for confirmTransfer or cancelTransfer.")
    BLOCK = strawberry.enum_value("BLOCK", description="The payment is BLOCKED.")


@strawberry.type(description="A risk rule as it applies to the viewer's payments now.")
class RiskPolicyRule:
    rule: str = strawberry.field(graphql_type=RISK_RULE, description="The rule.")
    action: RiskAction = strawberry.field(description="What the rule does with a payment that it matches.")
    message: str = strawberry.field(description="A text for the sender: the reason, with the current thresholds.")

    @classmethod
    def of(cls, rule: Rule[Any], currency: str) -> Self:
        message = rule.words.format_map(rule.thresholds(currency))
        return cls(rule=rule.name, action=RiskAction[rule.action.name], message=message)


@strawberry.type(description="The risk rules and their thresholds for the viewer's payments.")
class RiskPolicy:
    rules: list[RiskPolicyRule] = strawberry.field(description="All rules, including those that are off.")
    large_transfer_threshold: Money = strawberry.field(description="A payment above this amount is large.")
    rapid_transfer_count: int = strawberry.field(
        description="A payment is rapid when at least this many payments were made within the window before it. "
        f"Above {RAPID_COUNT_OFF} the rule is off."
    )
    rapid_transfer_window_minutes: int = strawberry.field(
        description="The window in which recent payments are counted, in minutes."
    )
    new_recipient: bool = strawberry.field(
        description="Whether the rule for the first payment to a new recipient is on."
    )
    confirmation_minutes: int = strawberry.field(
        description="The time in minutes after which a payment that waits for confirmation expires."
    )


@strawberry.field(description="The risk rules that apply to the viewer's payments now.")
async def risk_policy(info: Info) -> RiskPolicy:
    desk = info.context.services.desk
    currency = await desk.resolver.currency(info.context.require_viewer().wallet_id)
    terms = desk.terms
    rapid = terms.policy.rule(RapidTransfers)
    return RiskPolicy(
        rules=[RiskPolicyRule.of(rule, currency) for rule in terms.policy.rules],
        large_transfer_threshold=Money.of(terms.policy.rule(LargeTransfer).threshold(currency)),
        rapid_transfer_count=rapid.count,
        rapid_transfer_window_minutes=rapid.window_minutes,
        new_recipient=terms.policy.rule(NewRecipient).action is not RuleAction.OFF,
        confirmation_minutes=int(terms.confirmation.total_seconds()) // 60,
    )
