"""The door of `withdrawalQuote`."""

from typing import Annotated

import strawberry

from pocketpay.api.bad_input import BadUserInput
from pocketpay.api.context import Info
from pocketpay.api.money import Money
from pocketpay.api.scalars import Amount
from pocketpay.api.withdrawal_speed import WithdrawalSpeed
from pocketpay.payments import withdraw as payments
from pocketpay.transactions.errors import InvalidAmount


@strawberry.type(description="Exactly what `withdraw` would take now. Nothing has happened.")
class WithdrawalQuote:
    amount: Money = strawberry.field(description="What arrives at the bank.")
    fee: Money = strawberry.field(description="What it costs; zero for a STANDARD one.")
    total: Money = strawberry.field(description="Amount and fee: what leaves the wallet.")


@strawberry.field(
    description="What a withdrawal of that amount takes now, its fee included.",
    deprecation_reason="Use `withdrawalPreview`: it also says whether the withdrawal would be refused, and why.",
)
async def withdrawal_quote(
    info: Info,
    amount: Annotated[Amount, strawberry.argument(description="What is to arrive, in the wallet's currency.")],
    speed: Annotated[WithdrawalSpeed, strawberry.argument(description="How fast.")],
) -> WithdrawalQuote:
    viewer = info.context.must_view()
    try:
        quote = await payments.quote_withdrawal(
            info.context.rooms.desk, viewer.wallet_id, raw_amount=amount, speed=speed.speed
        )
    except InvalidAmount as wrong:
        raise BadUserInput(f"The amount {wrong.problem}.", at=("amount",)) from None
    return WithdrawalQuote(amount=Money.of(quote.amount), fee=Money.of(quote.fee), total=Money.of(quote.total))
