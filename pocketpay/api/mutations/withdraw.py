"""The door of `withdraw`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import IDEMPOTENCY_KEY
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.scalars import Amount
from pocketpay.api.transaction_payload import TransactionPayload
from pocketpay.api.withdrawal_speed import WithdrawalSpeed
from pocketpay.payments import withdraw as payments


@strawberry.input(description="Money to send to a bank.")
class WithdrawInput:
    amount: Amount = strawberry.field(description="What is to arrive, in the wallet's currency; above zero.")
    bank_name: str = strawberry.field(description="The bank it goes to: 1 to 100 characters.")
    speed: WithdrawalSpeed = strawberry.field(
        default=WithdrawalSpeed.STANDARD, description="How fast; a fee comes on top of an INSTANT one."
    )
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.mutation(
    description="Sends money to a bank. The transaction is COMPLETED once the bank has settled; while it has not "
    "answered yet it is CREATED, and amount and fee are held. Without the money for both it is FAILED, from a frozen "
    "wallet BLOCKED. Refusals: INVALID_AMOUNT, INVALID_INPUT, INSUFFICIENT_FUNDS, LIMIT_EXCEEDED, BANK_DECLINED, "
    "WALLET_FROZEN, WALLET_CLOSED, IDEMPOTENCY_KEY_REUSED."
)
@refusals_as_errors(TransactionPayload)
async def withdraw(
    info: Info, input: Annotated[WithdrawInput, strawberry.argument(description="The withdrawal.")]
) -> TransactionPayload:
    viewer = info.context.must_view()
    answer = await payments.withdraw(
        info.context.rooms.desk,
        viewer.wallet_id,
        raw_amount=input.amount,
        raw_bank_name=input.bank_name,
        speed=input.speed.speed,
        raw_key=input.idempotency_key,
    )
    return TransactionPayload.of(answer, viewer.wallet_id)
