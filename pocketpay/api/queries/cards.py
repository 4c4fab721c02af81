"""The resolver of `Query.cards`: the viewer's cards."""

import strawberry

from pocketpay.api.card import Card
from pocketpay.api.context import Info
from pocketpay.cards import listing


@strawberry.field(
    description="The viewer's cards, newest first, at most 100: all open cards, and the newest closed ones."
)
async def cards(info: Info) -> list[Card]:
    wallet_id = info.context.require_viewer().wallet_id
    return [Card.of(card) for card in await info.context.database.query(listing.read, wallet_id)]
