"""The resolver of `simulateCardPayment`."""

from typing import Annotated

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.descriptions import AMOUNT, IDEMPOTENCY_KEY
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.scalars import Amount
from pocketpay.api.transaction_payload import TransactionPayload
from pocketpay.payments import simulate_card_payment as payments


@strawberry.input(description="A card payment, as a merchant would request it.")
class SimulateCardPaymentInput:
    card_id: strawberry.ID = strawberry.field(description="The id of the card.")
    merchant: str = strawberry.field(
        description="The name of the merchant: one line of 1 to 100 characters. It becomes the transaction's "
        "description."
    )
    amount: Amount = strawberry.field(description=AMOUNT)
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.mutation(
    description="Pays with one of the viewer's cards on a simulated network. The money moves immediately. Risk rules "
    "and daily limits do not apply. If the wallet is frozen, the payment is BLOCKED. Without enough money, the "
    "payment is FAILED. Only the first refusal that applies is returned. Refusals, in this order: INVALID_AMOUNT, "
    "INVALID_INPUT, IDEMPOTENCY_KEY_REUSED, NOT_FOUND, WALLET_CLOSED, WALLET_FROZEN, CARD_CLOSED, CARD_FROZEN, "
    "CARD_EXPIRED, INSUFFICIENT_FUNDS, CARD_LIMIT_EXCEEDED."
)
@refusals_as_errors(TransactionPayload)
async def simulate_card_payment(
    info: Info, input: Annotated[SimulateCardPaymentInput, strawberry.argument(description="The payment.")]
) -> TransactionPayload:
    viewer = info.context.require_viewer()
    answer = await payments.simulate_card_payment(
        info.context.services.desk,
        viewer.wallet_id,
        ids.decode(ids.CARD, input.card_id),
        raw_merchant=input.merchant,
        raw_amount=input.amount,
        raw_key=input.idempotency_key,
    )
    return TransactionPayload.of(answer, viewer.wallet_id)
