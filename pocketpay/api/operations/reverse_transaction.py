"""The door of `operations.reverseTransaction`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import ERRORS, IDEMPOTENCY_KEY
from pocketpay.api.errors import UserError, refusals_as_errors
from pocketpay.api.operations.customer_transaction import CustomerTransaction
from pocketpay.api.operations.sought import sought_transaction
from pocketpay.api.scalars import Amount
from pocketpay.operations import reverse_transaction as payments


@strawberry.input(description="A completed transaction that is to be given back.")
class ReverseTransactionInput:
    transaction_id: strawberry.ID = strawberry.field(
        description="The transaction's id, as operators or its sides see it."
    )
    reason: str = strawberry.field(
        description="Why, for the record: 1 to 500 characters on one line. Customers do not see it."
    )
    amount: Amount | None = strawberry.field(
        default=None,
        description="How much of it, in the transaction's currency; absent or null: all that is left. A transaction "
        "with a fee is given back whole.",
    )
    up_to_available: bool = strawberry.field(
        default=False,
        description="When the recipient does not have that much any more, give back as much as is available. Without "
        "it, nothing is given back then.",
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description=f"{IDEMPOTENCY_KEY} Send one with a part: a part that is sent again without it is given back "
        "again, as long as something is left.",
    )


@strawberry.type(description="What came of giving a transaction back, or why nothing was done.")
class ReversalPayload:
    transaction: CustomerTransaction | None = strawberry.field(
        default=None, description="The refund: what moved the money back; null when refused."
    )
    replayed: bool = strawberry.field(
        default=False, description="Whether the same key had been used before: this is what came of it then."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)


@strawberry.mutation(
    description="Gives back a completed transaction, all that is left of it or a part, by a refund: a payment to "
    "whoever paid it, a deposit to the bank, a withdrawal with its fee, a card payment, a bonus to the house. A "
    "frozen wallet does not prevent it. What went back counts no more in the limit and the card's month that it had "
    "used. Refusals, none of which leaves a transaction: NOT_FOUND, INVALID_INPUT "
    "(reason, key; a refund cannot be given back), INVALID_AMOUNT (also for a part of a transaction with a fee), "
    "FORBIDDEN (it touches the operator's own wallet), WRONG_STATE (not completed), ALREADY_REFUNDED, "
    "REFUND_TOO_LARGE, RECIPIENT_NOT_FOUND (whoever paid has left), INSUFFICIENT_FUNDS (whoever was paid has not the "
    "money any more), IDEMPOTENCY_KEY_REUSED."
)
@refusals_as_errors(ReversalPayload)
async def reverse_transaction(
    info: Info, input: Annotated[ReverseTransactionInput, strawberry.argument(description="Which one, and why.")]
) -> ReversalPayload:
    operator, desk = info.context.must_operate(), info.context.rooms.desk
    transaction_id = sought_transaction(input.transaction_id)
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
