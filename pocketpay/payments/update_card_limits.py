"""How a card's own limits change. The change applies to every payment decided after it.

The monthly limit may be set below the amount that the card has spent this month; then the card cannot pay until next
month.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import UUID

from pocketpay.cards.card import Card
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Lookups
from pocketpay.clearing.outcome import Outcome, SideEffects
from pocketpay.identity.changes import STAYS, Stays, Wanted
from pocketpay.money import Money
from pocketpay.payments.card_standing import card_after
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_limit
from pocketpay.transactions.errors import NotFound, WrongState

WantedLimit: TypeAlias = Money | Stays | None
"""A limit to be set, one that stays as it is, or None for one to be lifted."""


@dataclass(frozen=True, slots=True)
class UpdateCardLimits:
    """Changes the limits of the card. `card_id` is None if the input was not a valid id."""

    wallet_id: UUID
    card_id: UUID | None
    per_payment_limit: WantedLimit
    monthly_limit: WantedLimit

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, lookups=None if self.card_id is None else Lookups(cards=(self.card_id,)))

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises NotFound, and WrongState when the card is closed. Idempotent."""
        card = book.own_card(self.card_id, self.wallet_id)
        if card is None:
            raise NotFound(thing="card")
        if not card.open:
            raise WrongState(card)
        each = card.per_payment_limit if self.per_payment_limit is STAYS else self.per_payment_limit
        monthly = card.monthly_limit if self.monthly_limit is STAYS else self.monthly_limit
        if (each, monthly) == (card.per_payment_limit, card.monthly_limit):
            return Outcome(changed=False, replayed=True, side_effects=SideEffects(cards=(card,)))
        after = replace(card.next_version(book.now), per_payment_limit=each, monthly_limit=monthly)
        return Outcome(side_effects=SideEffects(cards=(after,)))


async def update_card_limits(
    desk: Desk,
    wallet_id: UUID,
    card_id: UUID | None,
    *,
    raw_per_payment_limit: Wanted = STAYS,
    raw_monthly_limit: Wanted = STAYS,
) -> Card:
    """Changes the limits of a card of the wallet. Raises InvalidAmount, NotFound, WrongState, ServiceBusy."""
    currency = await desk.resolver.currency(wallet_id)
    each = _wanted(raw_per_payment_limit, currency, "perPaymentLimit")
    monthly = _wanted(raw_monthly_limit, currency, "monthlyLimit")
    return await card_after(desk, UpdateCardLimits(wallet_id, card_id, each, monthly))


def _wanted(raw_limit: Wanted, currency: str, field: str) -> WantedLimit:
    return raw_limit if isinstance(raw_limit, Stays) else parse_limit(raw_limit, currency, field)
