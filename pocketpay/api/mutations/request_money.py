"""The door of `requestMoney`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.money_request_payload import MoneyRequestPayload
from pocketpay.api.scalars import Amount
from pocketpay.payments import request_money as payments


@strawberry.input(description="A new money request.")
class RequestMoneyInput:
    from_: str = strawberry.field(name="from", description='The username of the user to ask, with or without "@".')
    amount: Amount = strawberry.field(description="The amount in the wallet's currency; greater than zero.")
    description: str = strawberry.field(description="What the money is for: one line of 1 to 500 characters.")
    idempotency_key: str = strawberry.field(
        description="A unique key that the client chooses: 8 to 255 characters. A repeated request with the same "
        "key and input creates no second money request."
    )


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
    viewer = info.context.must_view()
    answer = await payments.request_money(
        info.context.rooms.desk,
        viewer.wallet_id,
        raw_from=input.from_,
        raw_amount=input.amount,
        raw_description=input.description,
        raw_key=input.idempotency_key,
    )
    return MoneyRequestPayload.of(answer, viewer.wallet_id)
