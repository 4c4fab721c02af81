"""The resolver of `withdraw`."""

from typing import Annotated

import strawberry

from pocketpay.api import ids
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
    bank_account_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the viewer's bank account that the money goes to. It must be ACTIVE and allow "
        "withdrawals. Give either this or bankName.",
    )
    bank_name: str | None = strawberry.field(
        default=None,
        description="The name of the bank that the money goes to: 1 to 100 characters. Only with the simulated "
        "bank; otherwise link a bank account and give bankAccountId.",
    )
    speed: WithdrawalSpeed = strawberry.field(
        default=WithdrawalSpeed.STANDARD,
        description="The speed. An INSTANT withdrawal costs a fee on top of the amount.",
    )
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.mutation(
    description="Withdraws money to a bank. The transaction is CREATED until the bank answers, and amount and fee "
    "are held. It is COMPLETED when the bank has settled it. Without enough money for both, it is FAILED. If the "
    "wallet is frozen, it is BLOCKED. A bank can return a settled withdrawal: a REFUND of amount and fee follows, "
    '"Returned by the bank". Refusals: INVALID_AMOUNT, INVALID_INPUT, NOT_FOUND, BANK_ACCOUNT_PENDING, '
    "BANK_ACCOUNT_UNUSABLE, CURRENCY_MISMATCH, INSUFFICIENT_FUNDS, LIMIT_EXCEEDED, BANK_DECLINED, WALLET_FROZEN, "
    "WALLET_CLOSED, IDEMPOTENCY_KEY_REUSED."
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
        bank_account_id=None if input.bank_account_id is None else ids.bank_account(input.bank_account_id),
        speed=input.speed.speed,
        raw_key=input.idempotency_key,
    )
    return TransactionPayload.of(answer, viewer.wallet_id)
