"""How the sender cancels a held payment: the hold is released."""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint
from pocketpay.clearing.holds import ended
from pocketpay.clearing.outcome import Answer, Outcome
from pocketpay.payments.desk import Desk
from pocketpay.transactions.errors import NotFound, WrongState
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import PAYMENTS


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancels the held payment and releases its hold."""

    wallet_id: UUID
    transaction_id: UUID

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, transaction_id=self.transaction_id)

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises NotFound or WrongState. Idempotent: a cancelled payment is returned unchanged."""
        held = book.own_transaction(self.transaction_id, self.wallet_id)
        if held is None or held.type not in PAYMENTS:
            raise NotFound
        if held.status is Status.CANCELLED:
            return Outcome(held, changed=False, replayed=True)
        if held.status is not Status.PENDING_CONFIRMATION:
            raise WrongState(held)
        return ended(book, held, Status.CANCELLED)


async def cancel(desk: Desk, wallet_id: UUID, transaction_id: UUID) -> Answer:
    """Cancels a held payment of the wallet. Raises NotFound, WrongState, ServiceBusy."""
    parties = await desk.resolver.parties(transaction_id)
    if parties is None or parties.source_id != wallet_id:
        raise NotFound
    return await desk.submit(Cancel(wallet_id, transaction_id))
