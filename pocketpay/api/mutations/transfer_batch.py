"""The resolver of `transferBatch`."""

from typing import Annotated, Self
from uuid import UUID

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import AMOUNT, IDEMPOTENCY_KEY, OPTIONAL_DESCRIPTION, RECIPIENT
from pocketpay.api.errors import UserError, refusals_as_errors, user_errors
from pocketpay.api.scalars import Amount
from pocketpay.api.transaction_payload import TransactionPayload
from pocketpay.clearing.outcome import Answer
from pocketpay.errors import Refusal
from pocketpay.payments import transfer_batch as payments
from pocketpay.payments.transfer_batch import RawTransfer


@strawberry.input(description="One transfer of a batch.")
class BatchedTransferInput:
    to: str = strawberry.field(description=RECIPIENT)
    amount: Amount = strawberry.field(description=AMOUNT)
    description: str = strawberry.field(default="", description=OPTIONAL_DESCRIPTION)


@strawberry.input(description="A batch of transfers to other users.")
class TransferBatchInput:
    transfers: list[BatchedTransferInput] = strawberry.field(
        description="1 to 100 transfers. They are made in this order."
    )
    atomic: bool = strawberry.field(
        default=False,
        description="Whether the whole batch is refused when one transfer is refused. Otherwise each transfer "
        "has its own result.",
    )
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.type(description="The result of a batch of transfers.")
class TransferBatchPayload:
    results: list[TransactionPayload] = strawberry.field(
        default_factory=list,
        description="The result of each transfer, in the order of the input. Each one has the wallet after the "
        "whole batch. Empty when the batch as a whole was refused. When an atomic batch is refused because of one "
        "transfer, that transfer has the errors and no transfer is made.",
    )
    replayed: bool = strawberry.field(
        default=False, description="Whether this repeats an earlier request. A repeat moves no money."
    )
    errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why the batch as a whole was refused; empty on success."
    )

    @classmethod
    def of(cls, answer: Answer, wallet_id: UUID) -> Self:
        """The payload for the owner of this wallet."""
        results = [_result(part, number, wallet_id) for number, part in enumerate(answer.item_results)]
        return cls(results=results, replayed=answer.replayed)


def _result(part: Answer | Refusal | None, number: int, wallet_id: UUID) -> TransactionPayload:
    """The result of the transfer at index `number`. The path of each error starts with the path of that item."""
    item = ("input", "transfers", str(number))
    if part is None:
        return TransactionPayload()
    if isinstance(part, Answer):
        payload = TransactionPayload.of(part, wallet_id, item)
    else:
        payload = TransactionPayload(errors=user_errors((part,), item))
    for error in payload.errors:
        error.path = error.path or [*item]
    return payload


@strawberry.mutation(
    description="Sends up to 100 transfers in one database transaction, in order, each with the same rules as "
    "`transfer`. Each transfer has its own result; its errors have paths like input.transfers.3.amount. With "
    "`atomic`, no transfer is made when one of them is refused or would end FAILED or BLOCKED. Waiting for "
    "confirmation is not a refusal. Refusals of the batch itself: INVALID_INPUT, IDEMPOTENCY_KEY_REUSED."
)
@refusals_as_errors(TransferBatchPayload)
async def transfer_batch(
    info: Info, input: Annotated[TransferBatchInput, strawberry.argument(description="The transfers.")]
) -> TransferBatchPayload:
    viewer = info.context.require_viewer()
    answer = await payments.transfer_batch(
        info.context.services.desk,
        viewer.wallet_id,
        [RawTransfer(one.to, one.amount, one.description) for one in input.transfers],
        atomic=input.atomic,
        raw_key=input.idempotency_key,
    )
    return TransferBatchPayload.of(answer, viewer.wallet_id)
