"""How a card pays: money moves from its wallet to the card network immediately.

    replay?  card found?  wallet closed or frozen?  card closed, frozen, expired?  funds?  within the card's limits?
    then post

No risk rule and no daily limit of the wallet applies; the card has its own limits. The card's row stores the amount
spent in the month, so that a payment takes the same time after ten thousand others. From a frozen wallet the
transaction is written as BLOCKED, and with insufficient funds as FAILED; every other refusal writes nothing.
"""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.cards.card import Card
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key, Lookups
from pocketpay.clearing.outcome import Answer, Outcome, SideEffects
from pocketpay.database import uuids
from pocketpay.errors import Refusal
from pocketpay.ledger.account import Leg
from pocketpay.ledger.house import HouseKind
from pocketpay.money import Money
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_amount, parse_key, parse_merchant
from pocketpay.payments.spending import frozen, insufficient_funds
from pocketpay.transactions.errors import NotFound
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.stored_refusal import ended_by
from pocketpay.transactions.transaction import Transaction, Type


@dataclass(frozen=True, slots=True)
class CardPayment:
    """Pays `amount` to a merchant by card. `card_id` is None if the input was not a valid id."""

    id: UUID
    wallet_id: UUID
    card_id: UUID | None
    amount: Money
    merchant: str
    key: Key

    @property
    def footprint(self) -> Footprint:
        lookups = None if self.card_id is None else Lookups(cards=(self.card_id,))
        return Footprint(self.wallet_id, key=self.key, lookups=lookups)

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises a Refusal that is not stored; a stored refusal is in the outcome."""
        if (earlier := book.replay(self.key, self.id)) is not None:
            return earlier
        card = book.own_card(self.card_id, self.wallet_id)
        if card is None:
            raise NotFound("cardId")
        why: Refusal | None
        if (why := frozen(book, self.wallet_id)) is not None:
            return self._ended(book, card, why)
        card.require_usable(book.now)
        if (why := insufficient_funds(book, self.wallet_id, self.amount)) is not None:
            return self._ended(book, card, why)
        card.require_room(self.amount, book.now)
        after = card.after_payment(self.amount, book.now)
        done = self._transaction(book, card, Status.COMPLETED)
        return Outcome(done, legs=self._legs(book), key=self.key, side_effects=SideEffects(cards=(after,)))

    def _legs(self, book: Book) -> tuple[Leg, ...]:
        network = book.house.account(HouseKind.CARD_NETWORK, self.amount.currency)
        return (
            Leg(self.wallet_id, -self.amount.minor, self.merchant),
            Leg(network, self.amount.minor, self.merchant),
        )

    def _ended(self, book: Book, card: Card, why: Refusal) -> Outcome:
        ended = ended_by(why, self._transaction(book, card, Status.CREATED))
        return Outcome(ended, key=self.key, refusal=why)

    def _transaction(self, book: Book, card: Card, status: Status) -> Transaction:
        return Transaction(
            id=self.id,
            type=Type.CARD,
            status=status,
            source_wallet_id=self.wallet_id,
            destination_wallet_id=None,
            amount=self.amount,
            fee=Money(0, self.amount.currency),
            description=self.merchant,
            card_id=card.id,
            created_at=book.now,
            updated_at=book.now,
            completed_at=book.now if status is Status.COMPLETED else None,
        )


async def simulate_card_payment(
    desk: Desk, wallet_id: UUID, card_id: UUID | None, *, raw_merchant: str, raw_amount: str, raw_key: str
) -> Answer:
    """Pays with a card of the wallet, as if a merchant had charged it through the network.

    Raises InvalidInput, InvalidAmount, KeyReused, NotFound, WalletClosed, CardClosed, CardFrozen, CardExpired,
    AbovePaymentLimit, AboveMonthlyLimit, ServiceBusy.
    """
    amount = parse_amount(raw_amount, await desk.resolver.currency(wallet_id))
    merchant = parse_merchant(raw_merchant)
    card = "" if card_id is None else str(card_id)
    key = parse_key(raw_key, wallet_id, "simulateCardPayment", card, amount, merchant)
    return await desk.submit(CardPayment(uuids.uuid7(), wallet_id, card_id, amount, merchant, key))
