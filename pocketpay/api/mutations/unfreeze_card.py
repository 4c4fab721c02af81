"""The resolver of `unfreezeCard`."""

import strawberry

from pocketpay.api import ids
from pocketpay.api.card_payload import CardPayload
from pocketpay.api.context import Info
from pocketpay.api.errors import BY_ID, refusals_as_errors
from pocketpay.api.id_arguments import CardId
from pocketpay.payments import unfreeze_card as payments


@strawberry.mutation(
    description="Unfreezes one of the viewer's cards, so that it can pay again. Idempotent: repeating it returns "
    "the same result. Refusals: NOT_FOUND, WRONG_STATE (the card is closed)."
)
@refusals_as_errors(CardPayload, BY_ID)
async def unfreeze_card(info: Info, id: CardId) -> CardPayload:
    viewer = info.context.require_viewer()
    card_id = ids.require(ids.CARD, id)
    return CardPayload.of(await payments.unfreeze_card(info.context.services.desk, viewer.wallet_id, card_id))
