"""The posting of a refund, for every type of transaction. The recipient of a payment or an operator orders it.

    original      from        to                amount
    payment       its payee   its payer         the refunded amount
    deposit       wallet      bank              the refunded amount
    withdrawal    bank, fees  wallet            the whole amount and the fee: a return after settlement
    card          network     wallet            the refunded amount
    bonus         wallet      promotions        the refunded amount

The new transaction has the type REFUND and no fee. Its source and destination are those of the original, exchanged.
The original stays completed, one version later, and its `refunded` grows by the amount, never above its total.

A refunded amount no longer counts against limits: neither against the daily limit under which the original was
ordered, nor against the month of the card that paid it. A limit bounds how much of a wallet's money is spent; a
refund reduces that, no matter who ordered it.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from pocketpay.cards.card import Card
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Key
from pocketpay.clearing.outcome import Outcome, SideEffects
from pocketpay.errors import BooksDisagree, Refusal
from pocketpay.ledger.account import Leg
from pocketpay.ledger.house import HouseAccounts, HouseKind
from pocketpay.money import Money
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.stored_refusal import ended_by
from pocketpay.transactions.transaction import Transaction, Type

OTHER_SIDE = {
    Type.DEPOSIT: HouseKind.BANK,
    Type.WITHDRAWAL: HouseKind.BANK,
    Type.CARD: HouseKind.CARD_NETWORK,
    Type.BONUS: HouseKind.PROMOTIONS,
}
"""The house account on the other side of a transaction, by its type. Payments between people have none."""


@dataclass(frozen=True, slots=True)
class Reversal:
    """A refund of `amount` of a completed transaction, at most what is left of it. `id` is the new transaction's id.

    The footprint of the instruction must have the original's destination as `wallet_id` and its source as `payee_id`
    (if it has both), the original as `transaction_id`, and `Lookups(for_refund=True)`.
    """

    id: UUID
    original: Transaction
    amount: Money
    reason: str

    def done(self, book: Book, key: Key | None = None) -> Outcome:
        """Returns the outcome of the completed refund."""
        row = replace(self._row(book, Status.COMPLETED), completed_at=book.now)
        original = self.original.after_refund(self.amount, book.now)
        side_effects = SideEffects(refunded=original, cards=self._cards(book, original))
        return Outcome(row, legs=self.legs(book.house), key=key, side_effects=side_effects)

    def refused(self, book: Book, why: Refusal, key: Key) -> Outcome:
        """Returns the outcome of a refused refund: no money moves, and the transaction is FAILED or BLOCKED."""
        return Outcome(ended_by(why, self._row(book, Status.CREATED)), key=key, refusal=why)

    def legs(self, house: HouseAccounts) -> tuple[Leg, ...]:
        """Returns the original's legs with opposite signs, for the refunded amount.

        Raises BooksDisagree for a partial refund of a transaction that had a fee.
        """
        original, minor, currency = self.original, self.amount.minor, self.amount.currency
        legs = []
        if original.destination_wallet_id is not None:
            legs.append(Leg(original.destination_wallet_id, -minor, self.reason))
        if original.source_wallet_id is not None:
            legs.append(Leg(original.source_wallet_id, minor, self.reason))
        if (kind := OTHER_SIDE.get(original.type)) is not None:
            sign = 1 if original.source_wallet_id is None else -1
            legs.append(Leg(house.account(kind, currency), sign * (minor - original.fee.minor), self.reason))
        if original.fee.minor:
            if minor != original.total.minor:
                raise BooksDisagree(f"transaction {original.id} had a fee: it can only be refunded in full")
            legs.append(Leg(house.account(HouseKind.FEES, currency), -original.fee.minor, self.reason))
        return tuple(legs)

    def _cards(self, book: Book, after: Transaction) -> tuple[Card, ...]:
        """Returns the card that paid the original if its `spent` changes; else nothing."""
        if self.original.card_id is None or self.original.completed_at is None:
            return ()
        card = book.cards[self.original.card_id]
        refunded = Money(after.uncounted - self.original.uncounted, card.currency)
        changed = card.after_refund(refunded, self.original.completed_at, book.now)
        return () if changed is card else (changed,)

    def _row(self, book: Book, status: Status) -> Transaction:
        return Transaction(
            id=self.id,
            type=Type.REFUND,
            status=status,
            source_wallet_id=self.original.destination_wallet_id,
            destination_wallet_id=self.original.source_wallet_id,
            amount=self.amount,
            fee=Money(0, self.amount.currency),
            description=self.reason,
            bank_name=self.original.bank_name,
            refund_of=self.original.id,
            created_at=book.now,
            updated_at=book.now,
        )
