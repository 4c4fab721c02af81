"""How a card is issued. Its number and security code are generated here, returned once, and never stored.

    replay?  wallet closed?  frozen?  too many cards open?
    then the card; no money moves

The instruction contains only the last four digits: the clearing, the tables and the log never get the full number. A
replay with the same key returns the same card without number and code. Our own retry after a lost connection is not a
replay: the caller still waits, and gets both.
"""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.cards import number
from pocketpay.cards.card import VALID_YEARS, Card, CardStatus, month_of
from pocketpay.cards.errors import TooManyCards
from pocketpay.cards.number import Secrets
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key, Lookups, ResultKind
from pocketpay.clearing.outcome import Outcome, SideEffects
from pocketpay.database import uuids
from pocketpay.money import Money
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_key, parse_label, parse_limit
from pocketpay.payments.spending import frozen


@dataclass(frozen=True, slots=True)
class IssueCard:
    """Issues a card for a wallet, with the card's own limits."""

    id: UUID
    wallet_id: UUID
    currency: str
    label: str
    last4: str
    per_payment_limit: Money | None
    monthly_limit: Money | None
    key: Key

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, key=self.key, lookups=Lookups(open_cards=(self.wallet_id,)))

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises a Refusal; no refusal is stored."""
        if (results := book.results_of(self.key)) is not None:
            (card_id,) = results
            return Outcome(
                changed=False, replayed=card_id != self.id, side_effects=SideEffects(cards=(book.cards[card_id],))
            )
        if (why := frozen(book, self.wallet_id)) is not None:
            raise why
        if book.counters.open_cards[self.wallet_id] >= book.terms.max_cards:
            raise TooManyCards(book.terms.max_cards)
        return Outcome(key=self.key, side_effects=SideEffects(cards=(self._card(book),)))

    def _card(self, book: Book) -> Card:
        return Card(
            id=self.id,
            wallet_id=self.wallet_id,
            currency=self.currency,
            label=self.label,
            brand=number.BRAND,
            last4=self.last4,
            expiry_month=book.now.month,
            expiry_year=book.now.year + VALID_YEARS,
            status=CardStatus.ACTIVE,
            per_payment_limit=self.per_payment_limit,
            monthly_limit=self.monthly_limit,
            spent=Money(0, self.currency),
            spent_in=month_of(book.now),
            created_at=book.now,
            updated_at=book.now,
        )


@dataclass(frozen=True, slots=True)
class IssuedCard:
    """A card as it is now, with its number and code. `secrets` is None if the card had been issued before."""

    card: Card
    secrets: Secrets | None

    @property
    def replayed(self) -> bool:
        return self.secrets is None


async def issue_card(
    desk: Desk,
    wallet_id: UUID,
    *,
    raw_label: str,
    raw_per_payment_limit: str | None = None,
    raw_monthly_limit: str | None = None,
    raw_key: str,
) -> IssuedCard:
    """Issues a card.

    Raises InvalidInput, InvalidAmount, KeyReused, WalletClosed, WalletFrozen, TooManyCards, and ServiceBusy when the
    order was not executed or its outcome is unknown. If the card was issued after all, its number is lost.
    """
    currency = await desk.resolver.currency(wallet_id)
    label = parse_label(raw_label)
    per_payment = parse_limit(raw_per_payment_limit, currency, "perPaymentLimit")
    monthly = parse_limit(raw_monthly_limit, currency, "monthlyLimit")
    key = parse_key(
        raw_key, wallet_id, "issueCard", label, per_payment or "", monthly or "", result_kind=ResultKind.CARDS
    )
    secrets = number.new()
    order = IssueCard(uuids.uuid7(), wallet_id, currency, label, secrets.last4, per_payment, monthly, key)
    answer = await desk.submit(order)
    return IssuedCard(answer.cards[0], None if answer.replayed else secrets)
