"""The resolver of `payRequest`."""

from typing import Annotated

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.descriptions import IDEMPOTENCY_KEY
from pocketpay.api.errors import BY_INPUT_ID, refusals_as_errors
from pocketpay.api.transaction_payload import TransactionPayload
from pocketpay.payments import pay_request as payments


@strawberry.input(description="A payment of a money request.")
class PayRequestInput:
    id: strawberry.ID = strawberry.field(description="The id of a money request to the viewer.")
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.mutation(
    description="Pays a money request, with the same rules as transfer. If the payment is COMPLETED, the request "
    "is PAID. If the payment is risky, it is PENDING_CONFIRMATION and the request stays PENDING until "
    "confirmTransfer. If the payment is cancelled, expired, failed or blocked, the request can be paid again. "
    "Refusals: NOT_FOUND, WRONG_STATE (the request is not PENDING, or a payment of it already waits for "
    "confirmation), RECIPIENT_NOT_FOUND, WALLET_FROZEN, WALLET_CLOSED, INSUFFICIENT_FUNDS, LIMIT_EXCEEDED, "
    "TOO_MANY_PENDING, RISK_BLOCKED, INVALID_INPUT, IDEMPOTENCY_KEY_REUSED."
)
@refusals_as_errors(TransactionPayload, BY_INPUT_ID)
async def pay_request(
    info: Info, input: Annotated[PayRequestInput, strawberry.argument(description="The money request to pay.")]
) -> TransactionPayload:
    viewer = info.context.require_viewer()
    request_id = ids.require(ids.REQUEST, input.id)
    answer = await payments.pay_request(
        info.context.services.desk, viewer.wallet_id, request_id, raw_key=input.idempotency_key
    )
    return TransactionPayload.of(answer, viewer.wallet_id, BY_INPUT_ID)
