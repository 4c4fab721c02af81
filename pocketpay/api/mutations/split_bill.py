"""The door of `splitBill`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import DESCRIPTION, IDEMPOTENCY_KEY
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.money_request_payload import SplitBillPayload
from pocketpay.api.scalars import Amount
from pocketpay.payments import split_bill as payments


@strawberry.input(description="A bill to split with others.")
class SplitBillInput:
    among: list[str] = strawberry.field(
        description='The others, 1 to 20: usernames, with or without "@", each once and not the viewer\'s own.'
    )
    total: Amount = strawberry.field(
        description="The whole bill, in the wallet's currency; a unit for each at least."
    )
    description: str = strawberry.field(description=DESCRIPTION)
    include_me: bool = strawberry.field(default=True, description="Whether the viewer has a share of it too.")
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.mutation(
    description="Splits a bill into shares that sum to it exactly, and asks each of the others for theirs: all or "
    "nobody. What does not divide goes one minor unit each from the first in `among` on, the viewer last. Refusals: "
    "INVALID_AMOUNT (also where somebody's share would be nothing), INVALID_INPUT, RECIPIENT_NOT_FOUND, "
    "CURRENCY_MISMATCH, WALLET_FROZEN, WALLET_CLOSED, RATE_LIMITED, IDEMPOTENCY_KEY_REUSED, as of requestMoney."
)
@refusals_as_errors(SplitBillPayload)
async def split_bill(
    info: Info, input: Annotated[SplitBillInput, strawberry.argument(description="The bill.")]
) -> SplitBillPayload:
    viewer = info.context.must_view()
    split = await payments.split_bill(
        info.context.rooms.desk,
        viewer.wallet_id,
        raw_among=input.among,
        raw_total=input.total,
        raw_description=input.description,
        include_me=input.include_me,
        raw_key=input.idempotency_key,
    )
    return SplitBillPayload.of(split, viewer.wallet_id)
