"""How a frozen card is unfrozen: it can pay again."""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.cards.card import Card, CardStatus
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Lookups
from pocketpay.clearing.outcome import Outcome
from pocketpay.payments.card_standing import card_after, with_status
from pocketpay.payments.desk import Desk


@dataclass(frozen=True, slots=True)
class UnfreezeCard:
    """Unfreezes the card: it can pay again."""

    wallet_id: UUID
    card_id: UUID

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, lookups=Lookups(cards=(self.card_id,)))

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises NotFound or WrongState. Idempotent: an active card is returned unchanged."""
        return with_status(book, self.card_id, self.wallet_id, CardStatus.ACTIVE)


async def unfreeze_card(desk: Desk, wallet_id: UUID, card_id: UUID) -> Card:
    """Unfreezes a card of the wallet. Raises NotFound, WrongState, ServiceBusy."""
    return await card_after(desk, UnfreezeCard(wallet_id, card_id))
