"""The resolver of `refund`."""

from typing import Annotated

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.descriptions import IDEMPOTENCY_KEY
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.scalars import Amount
from pocketpay.api.transaction_payload import TransactionPayload
from pocketpay.payments import refund as payments


@strawberry.input(description="A refund of a payment that the viewer received.")
class RefundInput:
    transaction_id: strawberry.ID = strawberry.field(
        description="The id of the completed SEND or REQUEST transaction that paid the viewer."
    )
    amount: Amount | None = strawberry.field(
        default=None,
        description="The amount to refund, in the wallet's currency. Absent or null: all that is not refunded yet.",
    )
    reason: str = strawberry.field(description="The reason: one line of 1 to 500 characters. Both users see it.")
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.mutation(
    description="Refunds money that the viewer received, in full or in part, as a new transaction of type REFUND. "
    "The original stays COMPLETED, and its `refunded` shows the refunded total. Without enough money, the refund "
    "is FAILED. If the viewer's wallet is frozen, the refund is BLOCKED. A refund has no fee, no risk check and no "
    "limit. The refunded amount no longer counts in the payer's daily limit. Refusals: NOT_FOUND, "
    "ALREADY_REFUNDED, REFUND_TOO_LARGE, RECIPIENT_NOT_FOUND (the person who paid cannot receive money now), "
    "INVALID_AMOUNT, INVALID_INPUT, WALLET_FROZEN, WALLET_CLOSED, INSUFFICIENT_FUNDS, IDEMPOTENCY_KEY_REUSED."
)
@refusals_as_errors(TransactionPayload)
async def refund(
    info: Info,
    input: Annotated[RefundInput, strawberry.argument(description="The payment to refund, and the reason.")],
) -> TransactionPayload:
    viewer = info.context.require_viewer()
    answer = await payments.refund(
        info.context.services.desk,
        viewer.wallet_id,
        ids.decode(ids.TRANSACTION, input.transaction_id),
        raw_amount=input.amount,
        raw_reason=input.reason,
        raw_key=input.idempotency_key,
    )
    return TransactionPayload.of(answer, viewer.wallet_id)
