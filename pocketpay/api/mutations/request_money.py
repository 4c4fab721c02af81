"""The resolver of `requestMoney`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import AMOUNT, DESCRIPTION, IDEMPOTENCY_KEY
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.money_request_payload import MoneyRequestPayload
from pocketpay.api.scalars import Amount
from pocketpay.payments import request_money as payments


@strawberry.input(description="A new money request.")
class RequestMoneyInput:
    from_: str = strawberry.field(name="from", description='The username of the user to ask, with or without "@".')
    amount: Amount = strawberry.field(description=AMOUNT)
    description: str = strawberry.field(description=DESCRIPTION)
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.mutation(
    description="Asks another user for money. They pay with payRequest or decline with declineRequest. Refusals: "
    "INVALID_AMOUNT, INVALID_INPUT, RECIPIENT_NOT_FOUND, SELF_TRANSFER, CURRENCY_MISMATCH, WALLET_FROZEN (only when "
    "frozen for ALL), WALLET_CLOSED, IDEMPOTENCY_KEY_REUSED, and RATE_LIMITED (too many open requests to the same "
    "user, or too many requests within 24 hours)."
)
@refusals_as_errors(MoneyRequestPayload)
async def request_money(
    info: Info, input: Annotated[RequestMoneyInput, strawberry.argument(description="The new money request.")]
) -> MoneyRequestPayload:
    viewer = info.context.require_viewer()
    answer = await payments.request_money(
        info.context.services.desk,
        viewer.wallet_id,
        raw_from=input.from_,
        raw_amount=input.amount,
        raw_description=input.description,
        raw_key=input.idempotency_key,
    )
    return MoneyRequestPayload.of(answer, viewer.wallet_id)
