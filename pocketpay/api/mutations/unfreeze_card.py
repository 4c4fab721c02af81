"""The door of `unfreezeCard`."""

from typing import Annotated

import strawberry

from pocketpay.api import ids
from pocketpay.api.card_payload import CardPayload
from pocketpay.api.context import Info
from pocketpay.api.errors import BY_ID, refusals_as_errors
from pocketpay.payments import unfreeze_card as payments
from pocketpay.transactions.errors import NotFound


@strawberry.mutation(
    description="Unfreezes one of the viewer's cards, so that it can pay again. Idempotent: repeating it returns "
    "the same result. Refusals: NOT_FOUND, WRONG_STATE (it is closed)."
)
@refusals_as_errors(CardPayload, BY_ID)
async def unfreeze_card(
    info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The id of the card.")]
) -> CardPayload:
    viewer = info.context.must_view()
    card_id = ids.decode(ids.CARD, id)
    if card_id is None:
        raise NotFound(thing="card")
    return CardPayload.of(await payments.unfreeze_card(info.context.rooms.desk, viewer.wallet_id, card_id))
