"""The resolver of `deposit`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import AMOUNT, IDEMPOTENCY_KEY
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.scalars import Amount
from pocketpay.api.transaction_payload import TransactionPayload
from pocketpay.payments import deposit as payments


@strawberry.input(description="A deposit from a bank.")
class DepositInput:
    amount: Amount = strawberry.field(description=AMOUNT)
    bank_name: str = strawberry.field(
        description="The name of the bank that the money comes from: 1 to 100 characters."
    )
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.mutation(
    description="Deposits money from a bank. The transaction is CREATED until the bank answers, and COMPLETED when "
    "the bank has settled it. The bank is simulated in this version. Refusals: INVALID_AMOUNT, INVALID_INPUT, "
    "WALLET_FROZEN, WALLET_CLOSED, LIMIT_EXCEEDED, BANK_DECLINED, IDEMPOTENCY_KEY_REUSED."
)
@refusals_as_errors(TransactionPayload)
async def deposit(
    info: Info, input: Annotated[DepositInput, strawberry.argument(description="The deposit.")]
) -> TransactionPayload:
    viewer = info.context.require_viewer()
    answer = await payments.deposit(
        info.context.services.desk,
        viewer.wallet_id,
        raw_amount=input.amount,
        raw_bank_name=input.bank_name,
        raw_key=input.idempotency_key,
    )
    return TransactionPayload.of(answer, viewer.wallet_id)
