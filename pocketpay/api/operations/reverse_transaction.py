"""The resolver of `operations.reverseTransaction`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import ERRORS, IDEMPOTENCY_KEY
from pocketpay.api.errors import UserError, refusals_as_errors
from pocketpay.api.operations.customer_query import transaction_uuid
from pocketpay.api.operations.customer_transaction import CustomerTransaction
from pocketpay.api.scalars import Amount
from pocketpay.operations import reverse_transaction as payments


@strawberry.input(description="The transaction to reverse, and the reason.")
class ReverseTransactionInput:
    transaction_id: strawberry.ID = strawberry.field(
        description="The id of a CustomerTransaction or of a Transaction."
    )
    reason: str = strawberry.field(
        description="The reason, kept in the operator log: one line of 1 to 500 characters. Customers do not see it."
    )
    amount: Amount | None = strawberry.field(
        default=None,
        description="The amount to refund, in the transaction's currency. Absent or null: all that is not refunded "
        "yet. A transaction with a fee can only be refunded in full.",
    )
    up_to_available: bool = strawberry.field(
        default=False,
        description="What happens when the recipient's available balance is below the amount: true refunds the "
        "available part, false refuses the request.",
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description=f"{IDEMPOTENCY_KEY} Send a key with every partial refund: without a key, a repeated request "
        "refunds the part again.",
    )


@strawberry.type(description="The result of reversing a transaction: the refund, or the errors.")
class ReversalPayload:
    transaction: CustomerTransaction | None = strawberry.field(
        default=None, description="The refund; null when the request was refused."
    )
    replayed: bool = strawberry.field(
        default=False,
        description="Whether this repeats an earlier request with the same key. A repeat returns the earlier result.",
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.mutation(
    description="Reverses a completed transaction with a refund, in full or in part. The money returns to its "
    "source: the payer of a payment, the bank of a deposit, the wallet of a withdrawal (with its fee) or card "
    "payment, Pocket Pay for a bonus. A frozen wallet does not prevent it. The refunded amount no longer counts in "
    "the daily limit or the card's monthly limit. Refusals, none of which creates a transaction: NOT_FOUND, "
    "INVALID_INPUT (the reason or the key; or the transaction is a refund), INVALID_AMOUNT (also for a part of a "
    "transaction with a fee), FORBIDDEN (the transaction involves the operator's own wallet), WRONG_STATE (not "
    "completed), ALREADY_REFUNDED, REFUND_TOO_LARGE, RECIPIENT_NOT_FOUND (the payer has closed their wallet), "
    "INSUFFICIENT_FUNDS (the recipient no longer has the money), IDEMPOTENCY_KEY_REUSED."
)
@refusals_as_errors(ReversalPayload)
async def reverse_transaction(
    info: Info,
    input: Annotated[ReverseTransactionInput, strawberry.argument(description="The transaction and the reason.")],
) -> ReversalPayload:
    operator, desk = info.context.require_operator(), info.context.services.desk
    transaction_id = transaction_uuid(input.transaction_id)
    answer = await payments.reverse_transaction(
        desk,
        operator,
        transaction_id,
        raw_reason=input.reason,
        raw_amount=input.amount,
        up_to_available=input.up_to_available,
        raw_key=input.idempotency_key,
    )
    return ReversalPayload(transaction=CustomerTransaction.of(answer.transaction), replayed=answer.replayed)
