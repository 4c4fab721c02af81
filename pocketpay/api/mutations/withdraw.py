"""The resolver of `withdraw`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import IDEMPOTENCY_KEY
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.scalars import Amount
from pocketpay.api.transaction_payload import TransactionPayload
from pocketpay.api.withdrawal_speed import WithdrawalSpeed
from pocketpay.payments import withdraw as payments


@strawberry.input(description="A withdrawal to a bank.")
class WithdrawInput:
    amount: Amount = strawberry.field(
        description="The amount to arrive at the bank, in the wallet's currency; greater than zero."
    )
    bank_name: str = strawberry.field(description="The name of the bank that the money goes to: 1 to 100 characters.")
    speed: WithdrawalSpeed = strawberry.field(
        default=WithdrawalSpeed.STANDARD,
        description="The speed. An INSTANT withdrawal costs a fee on top of the amount.",
    )
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.mutation(
    description="Withdraws money to a bank. The transaction is CREATED until the bank answers, and amount and fee "
    "are held. It is COMPLETED when the bank has settled it. Without enough money for both, it is FAILED. If the "
    "wallet is frozen, it is BLOCKED. Refusals: INVALID_AMOUNT, INVALID_INPUT, INSUFFICIENT_FUNDS, LIMIT_EXCEEDED, "
    "BANK_DECLINED, WALLET_FROZEN, WALLET_CLOSED, IDEMPOTENCY_KEY_REUSED."
)
@refusals_as_errors(TransactionPayload)
async def withdraw(
    info: Info, input: Annotated[WithdrawInput, strawberry.argument(description="The withdrawal.")]
) -> TransactionPayload:
    viewer = info.context.require_viewer()
    answer = await payments.withdraw(
        info.context.services.desk,
        viewer.wallet_id,
        raw_amount=input.amount,
        raw_bank_name=input.bank_name,
        speed=input.speed.speed,
        raw_key=input.idempotency_key,
    )
    return TransactionPayload.of(answer, viewer.wallet_id)
