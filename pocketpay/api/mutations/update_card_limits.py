"""The resolver of `updateCardLimits`."""

from typing import Annotated

import strawberry

from pocketpay.api import ids
from pocketpay.api.card_payload import CardPayload
from pocketpay.api.context import Info
from pocketpay.api.errors import refusals_as_errors
from pocketpay.api.optional_field import requested_value
from pocketpay.api.scalars import Amount
from pocketpay.payments import update_card_limits as payments


@strawberry.input(description="The new limits of a card. An absent field does not change; null removes the limit.")
class UpdateCardLimitsInput:
    id: strawberry.ID = strawberry.field(description="The id of the card.")
    per_payment_limit: Amount | None = strawberry.field(
        default=strawberry.UNSET, description="Maximum amount of one payment, greater than zero."
    )
    monthly_limit: Amount | None = strawberry.field(
        default=strawberry.UNSET,
        description="Maximum total of the card's payments in a calendar month (UTC), greater than zero. If it is "
        "below the total of this month, the card cannot pay until the next month.",
    )


@strawberry.mutation(
    description="Changes the limits of one of the viewer's cards, for all later payments. Refusals: INVALID_AMOUNT, "
    "NOT_FOUND, WRONG_STATE (the card is closed)."
)
@refusals_as_errors(CardPayload)
async def update_card_limits(
    info: Info, input: Annotated[UpdateCardLimitsInput, strawberry.argument(description="The new limits.")]
) -> CardPayload:
    viewer = info.context.require_viewer()
    card = await payments.update_card_limits(
        info.context.services.desk,
        viewer.wallet_id,
        ids.decode(ids.CARD, input.id),
        raw_per_payment_limit=requested_value(input.per_payment_limit),
        raw_monthly_limit=requested_value(input.monthly_limit),
    )
    return CardPayload.of(card)
