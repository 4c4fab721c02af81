"""The resolver of `transfer`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import AMOUNT, IDEMPOTENCY_KEY, OPTIONAL_DESCRIPTION, RECIPIENT
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.scalars import Amount
from pocketpay.api.transaction_payload import TransactionPayload
from pocketpay.payments import transfer as payments


@strawberry.input(description="A payment to another user.")
class TransferInput:
    to: str = strawberry.field(description=RECIPIENT)
    amount: Amount = strawberry.field(description=AMOUNT)
    description: str = strawberry.field(default="", description=OPTIONAL_DESCRIPTION)
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.mutation(
    description="Sends money to another user. A payment without risk is COMPLETED immediately. A risky payment is "
    "PENDING_CONFIRMATION: the money is held, riskReasons has the reasons, and the sender calls confirmTransfer or "
    "cancelTransfer before expiresAt. Without enough money, the payment is FAILED. If a risk rule or a freeze "
    "stops the payment, it is BLOCKED. Refusals: INVALID_AMOUNT, INVALID_INPUT, RECIPIENT_NOT_FOUND, "
    "SELF_TRANSFER, CURRENCY_MISMATCH, WALLET_FROZEN, WALLET_CLOSED, INSUFFICIENT_FUNDS, LIMIT_EXCEEDED, "
    "TOO_MANY_PENDING, RISK_BLOCKED, IDEMPOTENCY_KEY_REUSED."
)
@refusals_as_errors(TransactionPayload)
async def transfer(
    info: Info, input: Annotated[TransferInput, strawberry.argument(description="The payment.")]
) -> TransactionPayload:
    viewer = info.context.require_viewer()
    answer = await payments.transfer(
        info.context.services.desk,
        viewer.wallet_id,
        raw_to=input.to,
        raw_amount=input.amount,
        raw_description=input.description,
        raw_key=input.idempotency_key,
    )
    return TransactionPayload.of(answer, viewer.wallet_id)
