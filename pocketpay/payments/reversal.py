"""What giving money back of a transaction comes to, whoever decided that it may: a row, the legs, the original.

    of a          from        to                what moves
    payment       its payee   its payer         the amount
    deposit       wallet      bank              the amount
    withdrawal    bank, fees  wallet            all of it, the fee too: a return after settlement
    card          network     wallet            the amount
    bonus         wallet      promotions        the amount

The row is a REFUND of what moves back, with no fee of its own, between the original's wallets the other way. The
original stays completed, one version later, with `refunded` grown by as much: never above its total.

What went back counts no more: the limit of the day in which the original was ordered, and the month of the card that
paid it, have that much room again. It does not matter who gave it back. A limit bounds how much of a wallet's money
is out at once, and after a refund less of it is.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from pocketpay.cards.card import Card
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Key
from pocketpay.clearing.outcome import Outcome, SideEffects
from pocketpay.errors import BooksDisagree, Refusal
from pocketpay.ledger.account import Leg
from pocketpay.ledger.house import House, HouseKind
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
"""The house's account that such a transaction's amount came from or went to. Between people there is none."""


@dataclass(frozen=True, slots=True)
class Reversal:
    """`amount` of a completed transaction on its way back, at most what is left of it. `id` is the new row's.

    An instruction that does this names the original's destination as `wallet_id` and its source as `payee_id`, where
    there are both, the original as `transaction_id`, and `Lookups(gives_back=True)`.
    """

    id: UUID
    original: Transaction
    amount: Money
    reason: str

    def done(self, book: Book, key: Key | None = None) -> Outcome:
        """The money goes back now."""
        row = replace(self._row(book, Status.COMPLETED), completed_at=book.now)
        original = self.original.after_refund(self.amount, book.now)
        side_effects = SideEffects(refunded=original, cards=self._cards(book, original))
        return Outcome(row, legs=self.legs(book.house), key=key, side_effects=side_effects)

    def refused(self, book: Book, why: Refusal, key: Key) -> Outcome:
        """No money moves; the row stays as FAILED or BLOCKED and keeps why."""
        return Outcome(ended_by(why, self._row(book, Status.CREATED)), key=key, refusal=why)

    def legs(self, house: House) -> tuple[Leg, ...]:
        """The original's legs with opposite signs, for as much as goes back."""
        of, minor, currency = self.original, self.amount.minor, self.amount.currency
        legs = []
        if of.destination_wallet_id is not None:
            legs.append(Leg(of.destination_wallet_id, -minor, self.reason))
        if of.source_wallet_id is not None:
            legs.append(Leg(of.source_wallet_id, minor, self.reason))
        if (kind := OTHER_SIDE.get(of.type)) is not None:
            sign = 1 if of.source_wallet_id is None else -1
            legs.append(Leg(house.account(kind, currency), sign * (minor - of.fee.minor), self.reason))
        if of.fee.minor:
            if minor != of.total.minor:
                raise BooksDisagree(f"transaction {of.id} cost a fee: it goes back whole or not at all")
            legs.append(Leg(house.account(HouseKind.FEES, currency), -of.fee.minor, self.reason))
        return tuple(legs)

    def _cards(self, book: Book, after: Transaction) -> tuple[Card, ...]:
        """The card that paid the original, where its latest month has more room now."""
        if self.original.card_id is None or self.original.completed_at is None:
            return ()
        card = book.cards[self.original.card_id]
        no_more = Money(after.uncounted - self.original.uncounted, card.currency)
        changed = card.given_back(no_more, self.original.completed_at, book.now)
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
