"""How a money request that can no longer be paid ends: it is overdue, or one side has closed their wallet.

Every unit of work first expires the overdue requests that it has looked up. The sweeper submits an instruction for
each other request that can no longer be paid, once a second. A request is cancelled if its requester or its payer has
closed their wallet.
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
class EndUnpayableRequest:
    """Ends the money request if it can no longer be paid."""

    payer_id: UUID
    requester_id: UUID
    request_id: UUID

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.payer_id, payee_id=self.requester_id, lookups=Lookups(requests=(self.request_id,)))

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises NotFound when there is no such request.

        The look-up has expired the request before if it is overdue, so only closed wallets are checked here.
        """
        request = money_requests.visible(book, self.request_id, self.payer_id)
        sides = (request.requester_wallet_id, request.payer_wallet_id)
        abandoned = any(book.standings[side].status is WalletStatus.CLOSED for side in sides)
        if request.status is not RequestStatus.PENDING or not abandoned:
            return Outcome(changed=False, replayed=True, side_effects=SideEffects(requests=(request,)))
        return money_requests.ended(book, request, RequestStatus.CANCELLED)
