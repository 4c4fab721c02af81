"""How a held payment expires because its sender did not answer in time.

Every unit of work first expires the overdue payments of the wallets that it has locked. A sweeper submits an Expire
for each other overdue payment, once a second. If both find the same payment, the first one expires it and the second
one changes nothing.
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
    """Expires the held payment if it is overdue by the book's clock."""

    wallet_id: UUID
    transaction_id: UUID

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, transaction_id=self.transaction_id)

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises NotFound when the wallet has no such transaction."""
        held = book.own_transaction(self.transaction_id, self.wallet_id)
        if held is None:
            raise NotFound
        if not held.overdue_at(book.now):
            return Outcome(held, changed=False, replayed=True)
        return ended(book, held, Status.EXPIRED)
