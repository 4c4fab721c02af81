"""The resolver of `splitBill`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.descriptions import DESCRIPTION, IDEMPOTENCY_KEY
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.money_request_payload import SplitBillPayload
from pocketpay.api.scalars import Amount
from pocketpay.payments import split_bill as payments


@strawberry.input(description="A bill to split with other users.")
class SplitBillInput:
    among: list[str] = strawberry.field(
        description='The usernames of 1 to 20 other users, with or without "@", each once. The viewer is not among '
        "them."
    )
    total: Amount = strawberry.field(
        description="The total of the bill in the wallet's currency: at least one minor unit per share."
    )
    description: str = strawberry.field(description=DESCRIPTION)
    include_me: bool = strawberry.field(default=True, description="Whether the viewer pays a share too.")
    idempotency_key: str = strawberry.field(description=IDEMPOTENCY_KEY)


@strawberry.mutation(
    description="Splits a bill into equal shares and sends each of the other users a money request for their "
    "share. Either all requests are created or none. A remainder is added to the first shares, one minor unit to "
    "each, in the order of `among`; the viewer is last. Refusals, with the same meaning as in requestMoney: "
    "INVALID_AMOUNT (also when a share would be zero), INVALID_INPUT, RECIPIENT_NOT_FOUND, CURRENCY_MISMATCH, "
    "WALLET_FROZEN, WALLET_CLOSED, RATE_LIMITED, IDEMPOTENCY_KEY_REUSED."
)
@refusals_as_errors(SplitBillPayload)
async def split_bill(
    info: Info, input: Annotated[SplitBillInput, strawberry.argument(description="The bill.")]
) -> SplitBillPayload:
    viewer = info.context.require_viewer()
    split = await payments.split_bill(
        info.context.services.desk,
        viewer.wallet_id,
        raw_among=input.among,
        raw_total=input.total,
        raw_description=input.description,
        include_me=input.include_me,
        raw_key=input.idempotency_key,
    )
    return SplitBillPayload.of(split, viewer.wallet_id)
