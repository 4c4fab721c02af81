"""The resolver of `deposit`."""

from typing import Annotated

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.descriptions import AMOUNT, IDEMPOTENCY_KEY
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.scalars import Amount
from pocketpay.api.transaction_payload import TransactionPayload
from pocketpay.payments import deposit as payments


@strawberry.input(description="A deposit from a bank.")
class DepositInput:
    amount: Amount = strawberry.field(description=AMOUNT)
    bank_account_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the viewer's bank account that the money comes from. It must be ACTIVE and allow "
        "deposits. Give either this or bankName.",
    )
    bank_name: str | None = strawberry.field(
        default=None,
        description="The name of the bank that the money comes from: 1 to 100 characters. Only with the simulated "
        "bank; otherwise link a bank account and give bankAccountId.",
    )
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.mutation(
    description="Deposits money from a bank. The transaction is CREATED until the bank answers, and COMPLETED when "
    "the bank has settled it. A bank can take a settled deposit back: a REFUND of what it took follows, "
    '"Returned by the bank". Refusals: INVALID_AMOUNT, INVALID_INPUT, NOT_FOUND, BANK_ACCOUNT_PENDING, '
    "BANK_ACCOUNT_UNUSABLE, CURRENCY_MISMATCH, WALLET_FROZEN, WALLET_CLOSED, LIMIT_EXCEEDED, BANK_DECLINED, "
    "IDEMPOTENCY_KEY_REUSED."
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
        bank_account_id=None if input.bank_account_id is None else ids.bank_account(input.bank_account_id),
        raw_key=input.idempotency_key,
    )
    return TransactionPayload.of(answer, viewer.wallet_id)
