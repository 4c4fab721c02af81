"""How a held payment expires: nobody answered in time.

Two ways lead here: every unit of work first expires what is overdue of the wallets it has locked, and a sweeper asks
for the rest each second. Whoever comes first wins; the other finds it done.
"""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint
from pocketpay.clearing.holds import ended
from pocketpay.clearing.outcome import Outcome
from pocketpay.transactions.errors import NotFound
from pocketpay.transactions.lifecycle import Status


@dataclass(frozen=True, slots=True)
class Expire:
    """End the held payment if its time is over by the book's clock."""

    wallet_id: UUID
    transaction_id: UUID

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, transaction_id=self.transaction_id)

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises NotFound when the wallet has no such transaction."""
        held = book.own_transaction(self.transaction_id, self.wallet_id)
        if held is None:
            raise NotFound
        if not held.overdue_at(book.now):
            return Outcome(held, changed=False, replayed=True)
        return ended(book, held, Status.EXPIRED)
