"""A virtual card as its owner sees it."""

from datetime import UTC, datetime
from enum import Enum
from typing import Self
from uuid import UUID

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.money import Money
from pocketpay.api.node import Node
from pocketpay.cards import card as cards


@strawberry.enum(description="The status of a card.")
class CardStatus(Enum):
    ACTIVE = strawberry.enum_value("ACTIVE", description="The card can pay until the end of its expiry month.")
    FROZEN = strawberry.enum_value("FROZEN", description="The card cannot pay until its owner unfreezes it.")
    CLOSED = strawberry.enum_value("CLOSED", description="The card is closed permanently.")


@strawberry.type(
    description="A virtual card on a simulated network. It pays from its owner's wallet. Only issueCard returns its "
    "full number, once; the number is not stored."
)
class Card(Node):
    label: str = strawberry.field(description="The owner's name for the card.")
    brand: str = strawberry.field(description="The card network, which is simulated.")
    last4: str = strawberry.field(description="The last four digits of the card number.")
    expiry_month: int = strawberry.field(
        description="The month of expiry, 1 to 12. The card expires at the end of this month in UTC."
    )
    expiry_year: int = strawberry.field(description="The year of expiry, four digits.")
    status: CardStatus = strawberry.field(description="The current status.")
    per_payment_limit: Money | None = strawberry.field(
        description="Maximum amount of one payment; null when there is no such limit."
    )
    monthly_limit: Money | None = strawberry.field(
        description="Maximum total of the card's payments in a calendar month (UTC); null when there is no monthly "
        "limit."
    )
    spent_this_month: Money = strawberry.field(
        description="Total of the card's payments in this calendar month (UTC), less what was refunded."
    )
    created_at: datetime = strawberry.field(description="When the card was issued.")

    @classmethod
    def of(cls, card: cards.Card) -> Self:
        per_payment, monthly = card.per_payment_limit, card.monthly_limit
        return cls(
            id=ids.encode(ids.CARD, card.id),
            label=card.label,
            brand=card.brand,
            last4=card.last4,
            expiry_month=card.expiry_month,
            expiry_year=card.expiry_year,
            status=CardStatus[card.status.name],
            per_payment_limit=None if per_payment is None else Money.of(per_payment),
            monthly_limit=None if monthly is None else Money.of(monthly),
            spent_this_month=Money.of(card.spent_in_month(datetime.now(UTC))),
            created_at=card.created_at,
        )

    @classmethod
    async def find(cls, info: Info, id: UUID) -> Self | None:
        """The viewer's card with this id; None when the viewer has none."""
        found = await info.context.loaders.cards.load((info.context.require_viewer().wallet_id, id))
        return None if found is None else cls.of(found)
