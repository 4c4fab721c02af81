"""How a money request ends that nobody comes back for: its time is over, or one of the two has left.

Every unit of work first expires what is overdue of the requests it has looked up, and the sweeper asks for the rest
each second. A request whose asker or payer has closed their wallet can never be paid: it is cancelled.
"""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.clearing import money_requests
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Lookups
from pocketpay.clearing.outcome import Outcome, SideEffects
from pocketpay.requests.money_request import RequestStatus
from pocketpay.wallets.balance import WalletStatus


@dataclass(frozen=True, slots=True)
class LapseRequest:
    """End that request if it cannot be paid any more."""

    payer_id: UUID
    requester_id: UUID
    request_id: UUID

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.payer_id, payee_id=self.requester_id, lookups=Lookups(requests=(self.request_id,)))

    def decide(self, book: Book) -> Outcome:
        """The rule: what is overdue has expired when this is asked. Raises NotFound when there is no such request."""
        request = money_requests.visible(book, self.request_id, self.payer_id)
        sides = (request.requester_wallet_id, request.payer_wallet_id)
        abandoned = any(book.standings[side].status is WalletStatus.CLOSED for side in sides)
        if request.status is not RequestStatus.PENDING or not abandoned:
            return Outcome(changed=False, replayed=True, side_effects=SideEffects(requests=(request,)))
        return money_requests.ended(book, request, RequestStatus.CANCELLED)
