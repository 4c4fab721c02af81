"""The resolver of `withdrawalQuote`."""

from typing import Annotated

import strawberry

from pocketpay.api.bad_input import BadUserInput
from pocketpay.api.context import Info
from pocketpay.api.money import Money
from pocketpay.api.scalars import Amount
from pocketpay.api.withdrawal_speed import WithdrawalSpeed
from pocketpay.payments import withdraw as payments
from pocketpay.transactions.errors import InvalidAmount


@strawberry.type(description="The exact cost of a withdrawal now. Nothing has changed.")
class WithdrawalQuote:
    amount: Money = strawberry.field(description="The amount that arrives at the bank.")
    fee: Money = strawberry.field(description="The fee; zero for a STANDARD withdrawal.")
    total: Money = strawberry.field(description="Amount plus fee: what leaves the wallet.")


@strawberry.field(
    description="The cost of a withdrawal of this amount now, including its fee.",
    deprecation_reason="Use `withdrawalPreview`: it also says whether the withdrawal would be refused, and why.",
)
async def withdrawal_quote(
    info: Info,
    amount: Annotated[
        Amount, strawberry.argument(description="The amount to arrive at the bank, in the wallet's currency.")
    ],
    speed: Annotated[WithdrawalSpeed, strawberry.argument(description="The speed of the withdrawal.")],
) -> WithdrawalQuote:
    viewer = info.context.require_viewer()
    try:
        quote = await payments.quote_withdrawal(
            info.context.services.desk, viewer.wallet_id, raw_amount=amount, speed=speed.speed
        )
    except InvalidAmount as wrong:
        raise BadUserInput(f"The amount {wrong.problem}.", at=("amount",)) from None
    return WithdrawalQuote(amount=Money.of(quote.amount), fee=Money.of(quote.fee), total=Money.of(quote.total))
