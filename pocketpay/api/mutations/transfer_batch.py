"""The door of `transferBatch`."""

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


@strawberry.input(description="Money to send to several people in one order.")
class TransferBatchInput:
    transfers: list[BatchedTransferInput] = strawberry.field(description="1 to 100, carried out in this order.")
    atomic: bool = strawberry.field(
        default=False, description="Whether all are refused when one is; otherwise each has its own outcome."
    )
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.type(description="What came of a batch of transfers.")
class TransferBatchPayload:
    results: list[TransactionPayload] = strawberry.field(
        default_factory=list,
        description="What came of each transfer, in the input's order, with the wallet as it is after all of them; "
        "empty when the batch itself was refused. Of an atomic batch that was refused, the transfer that was the "
        "reason has its errors, and nothing came of any.",
    )
    replayed: bool = strawberry.field(
        default=False, description="Whether it had been done before: nothing has moved because of this request."
    )
    errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why the batch itself was refused; empty when it was not."
    )

    @classmethod
    def of(cls, answer: Answer, wallet_id: UUID) -> Self:
        """The payload of an answer to that wallet's owner."""
        results = [_result(part, number, wallet_id) for number, part in enumerate(answer.parts)]
        return cls(results=results, replayed=answer.replayed)


def _result(part: Answer | Refusal | None, number: int, wallet_id: UUID) -> TransactionPayload:
    """What came of one transfer; whatever it is refused for, the path leads into the item."""
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
    description="Sends up to 100 transfers in one unit of work, each by the rules of `transfer` and after those "
    "before it. Each has its own result, its errors with paths like input.transfers.3.amount. With `atomic` all are "
    "carried out, or none when one is refused or would end FAILED or BLOCKED; awaiting confirmation is no refusal. "
    "Refusals of the batch itself: INVALID_INPUT, IDEMPOTENCY_KEY_REUSED."
)
@refusals_as_errors(TransferBatchPayload)
async def transfer_batch(
    info: Info, input: Annotated[TransferBatchInput, strawberry.argument(description="The transfers.")]
) -> TransferBatchPayload:
    viewer = info.context.must_view()
    answer = await payments.transfer_batch(
        info.context.rooms.desk,
        viewer.wallet_id,
        [RawTransfer(one.to, one.amount, one.description) for one in input.transfers],
        atomic=input.atomic,
        raw_key=input.idempotency_key,
    )
    return TransferBatchPayload.of(answer, viewer.wallet_id)
