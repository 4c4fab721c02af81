"""The door of `refund`."""

from typing import Annotated

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.descriptions import IDEMPOTENCY_KEY
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.scalars import Amount
from pocketpay.api.transaction_payload import TransactionPayload
from pocketpay.payments import refund as payments


@strawberry.input(description="Money that the viewer received, to give back.")
class RefundInput:
    transaction_id: strawberry.ID = strawberry.field(
        description="The completed SEND or REQUEST that paid the viewer, by its id."
    )
    amount: Amount | None = strawberry.field(
        default=None, description="How much of it, in the wallet's currency; absent or null: all that is left."
    )
    reason: str = strawberry.field(description="Why: one line of 1 to 500 characters. Both sides read it.")
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.mutation(
    description="Gives back money that the viewer received, all or a part, as a new transaction of type REFUND. "
    "The original stays COMPLETED and says in `refunded` how much of it went back. Without the money the refund is "
    "FAILED, from a frozen wallet BLOCKED. No fee, no rule of risk, and it counts in no limit; what went back counts "
    "no more in the payer's. Refusals: NOT_FOUND, ALREADY_REFUNDED, REFUND_TOO_LARGE, RECIPIENT_NOT_FOUND (who paid "
    "can be paid nothing now), INVALID_AMOUNT, INVALID_INPUT, WALLET_FROZEN, WALLET_CLOSED, INSUFFICIENT_FUNDS, "
    "IDEMPOTENCY_KEY_REUSED."
)
@refusals_as_errors(TransactionPayload)
async def refund(
    info: Info, input: Annotated[RefundInput, strawberry.argument(description="What to give back, and why.")]
) -> TransactionPayload:
    viewer = info.context.must_view()
    answer = await payments.refund(
        info.context.rooms.desk,
        viewer.wallet_id,
        ids.decode(ids.TRANSACTION, input.transaction_id),
        raw_amount=input.amount,
        raw_reason=input.reason,
        raw_key=input.idempotency_key,
    )
    return TransactionPayload.of(answer, viewer.wallet_id)
