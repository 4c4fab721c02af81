"""The rules of risk that apply to the viewer's payments, for whoever wants to know before paying."""

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.money import Money
from pocketpay.risk.large_transfer import LargeTransfer
from pocketpay.risk.new_recipient import NewRecipient
from pocketpay.risk.rapid_transfers import RAPID_COUNT_OFF, RapidTransfers
from pocketpay.risk.rule import RuleAction


@strawberry.type(description="When a payment is asked about before it goes out.")
class RiskPolicy:
    large_transfer_threshold: Money = strawberry.field(description="A payment above it is large.")
    rapid_transfer_count: int = strawberry.field(
        description=f"From that many payments within the window on, one more is rapid; above {RAPID_COUNT_OFF} never."
    )
    rapid_transfer_window_minutes: int = strawberry.field(
        description="The window in which payments are counted, in minutes."
    )
    new_recipient: bool = strawberry.field(description="Whether the first payment to somebody is asked about.")
    confirmation_minutes: int = strawberry.field(
        description="How many minutes a payment awaits its answer, then it expires."
    )


@strawberry.field(description="The rules of risk that apply to the viewer's payments now.")
async def risk_policy(info: Info) -> RiskPolicy:
    desk = info.context.rooms.desk
    currency = await desk.resolver.currency(info.context.must_view().wallet_id)
    terms = desk.terms
    rapid = terms.policy.rule(RapidTransfers)
    return RiskPolicy(
        large_transfer_threshold=Money.of(terms.policy.rule(LargeTransfer).threshold(currency)),
        rapid_transfer_count=rapid.count,
        rapid_transfer_window_minutes=rapid.window_minutes,
        new_recipient=terms.policy.rule(NewRecipient).action is not RuleAction.OFF,
        confirmation_minutes=int(terms.confirmation.total_seconds()) // 60,
    )
