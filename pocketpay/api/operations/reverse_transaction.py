"""The door of `operations.reverseTransaction`."""

from typing import Annotated

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.errors import UserError, refusals_as_errors
from pocketpay.api.operations.customer_transaction import CustomerTransaction
from pocketpay.operations import reverse_transaction as payments


@strawberry.input(description="A completed transaction that is to be given back.")
class ReverseTransactionInput:
    transaction_id: strawberry.ID = strawberry.field(description="The transaction's id.")
    reason: str = strawberry.field(
        description="Why, for the record: 1 to 500 characters on one line. Customers do not see it."
    )


@strawberry.type(description="What came of giving a transaction back, or why nothing was done.")
class ReversalPayload:
    transaction: CustomerTransaction | None = strawberry.field(
        default=None, description="The refund: what moved the money back; null when refused."
    )
    errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why it was refused; empty when it was not."
    )


@strawberry.mutation(
    description="Gives back all that is left of a completed transaction, by a refund: a payment to whoever paid it, "
    "a deposit to the bank, a withdrawal with its fee, a card payment, a bonus to the house. Frozen wallets do not "
    "hold it up. Refusals, none of which leaves a transaction: NOT_FOUND, INVALID_INPUT (reason; a refund is not "
    "given back), FORBIDDEN (it touches the operator's own wallet), WRONG_STATE (not completed), ALREADY_REFUNDED, "
    "RECIPIENT_NOT_FOUND (whoever paid has left), INSUFFICIENT_FUNDS (whoever was paid has not the money any more)."
)
@refusals_as_errors(ReversalPayload)
async def reverse_transaction(
    info: Info, input: Annotated[ReverseTransactionInput, strawberry.argument(description="Which one, and why.")]
) -> ReversalPayload:
    operator, desk = info.context.must_operate(), info.context.rooms.desk
    transaction_id = ids.decode(ids.TRANSACTION, input.transaction_id)
    answer = await payments.reverse_transaction(desk, operator, transaction_id, raw_reason=input.reason)
    return ReversalPayload(transaction=CustomerTransaction.of(answer.transaction))
