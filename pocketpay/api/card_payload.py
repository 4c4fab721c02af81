"""The payload of every mutation that changes a card."""

from typing import Self

import strawberry

from pocketpay.api.card import Card
from pocketpay.api.descriptions import ERRORS
from pocketpay.api.errors import UserError
from pocketpay.cards import card as cards


@strawberry.type(description="The result of a change to a card: the changed card, or the errors.")
class CardPayload:
    card: Card | None = strawberry.field(
        default=None, description="The card as it is now; null when the request was refused."
    )
    errors: list[UserError] = strawberry.field(default_factory=list, description=ERRORS)

    @classmethod
    def of(cls, card: cards.Card) -> Self:
        return cls(card=Card.of(card))
