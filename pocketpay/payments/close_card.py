"""How a card is closed. This is final."""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.cards.card import Card, CardStatus
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Lookups
from pocketpay.clearing.outcome import Outcome
from pocketpay.payments.card_standing import card_after, with_status
from pocketpay.payments.desk import Desk


@dataclass(frozen=True, slots=True)
class CloseCard:
    """Closes the card permanently."""

    wallet_id: UUID
    card_id: UUID

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, lookups=Lookups(cards=(self.card_id,)))

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises NotFound. Idempotent: a closed card is returned unchanged."""
        return with_status(book, self.card_id, self.wallet_id, CardStatus.CLOSED)


async def close_card(desk: Desk, wallet_id: UUID, card_id: UUID) -> Card:
    """Closes a card of the wallet. Raises NotFound, ServiceBusy."""
    return await card_after(desk, CloseCard(wallet_id, card_id))
