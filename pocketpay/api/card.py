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


@strawberry.enum(description="What may be done with a card.")
class CardStatus(Enum):
    ACTIVE = strawberry.enum_value("ACTIVE", description="It pays, until the end of its expiry month.")
    FROZEN = strawberry.enum_value("FROZEN", description="It pays nothing until its owner unfreezes it.")
    CLOSED = strawberry.enum_value("CLOSED", description="It is closed for good.")


@strawberry.type(
    description="A virtual card on a simulated network; it pays from its owner's wallet. Its full number is shown "
    "once, by issueCard, and kept nowhere."
)
class Card(Node):
    label: str = strawberry.field(description="What its owner calls it.")
    brand: str = strawberry.field(description="The network it is of, which is a simulated one.")
    last4: str = strawberry.field(description="The last four digits of its number.")
    expiry_month: int = strawberry.field(description="The month with whose end (UTC) it expires: 1 to 12.")
    expiry_year: int = strawberry.field(description="The year of that month, four digits.")
    status: CardStatus = strawberry.field(description="What may be done with it.")
    per_payment_limit: Money | None = strawberry.field(
        description="The most that it pays at once; null for no such limit."
    )
    monthly_limit: Money | None = strawberry.field(
        description="The most that it pays in a calendar month (UTC); null for no such limit."
    )
    spent_this_month: Money = strawberry.field(
        description="What it has paid in this calendar month (UTC), without what was given back."
    )
    created_at: datetime = strawberry.field(description="When it was issued.")

    @classmethod
    def of(cls, known: cards.Card) -> Self:
        each, monthly = known.per_payment_limit, known.monthly_limit
        return cls(
            id=ids.encode(ids.CARD, known.id),
            label=known.label,
            brand=known.brand,
            last4=known.last4,
            expiry_month=known.expiry_month,
            expiry_year=known.expiry_year,
            status=CardStatus[known.status.name],
            per_payment_limit=None if each is None else Money.of(each),
            monthly_limit=None if monthly is None else Money.of(monthly),
            spent_this_month=Money.of(known.spent_by(datetime.now(UTC))),
            created_at=known.created_at,
        )

    @classmethod
    async def find(cls, info: Info, id: UUID) -> Self | None:
        """The card of that id when it is the viewer's."""
        found = await info.context.loaders.cards.load((info.context.must_view().wallet_id, id))
        return None if found is None else cls.of(found)
