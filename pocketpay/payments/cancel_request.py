"""How the requester cancels a money request."""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.clearing import money_requests
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Lookups
from pocketpay.clearing.outcome import Answer, Outcome
from pocketpay.payments.desk import Desk
from pocketpay.requests.money_request import RequestStatus
from pocketpay.transactions.errors import NotFound


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Cancels the money request.

    `payer_id` is the payer's wallet, whose lock guards the request. If the payer's wallet has a held payment of the
    request, the payment is cancelled and its hold is released.
    """

    wallet_id: UUID
    payer_id: UUID
    request_id: UUID

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, payee_id=self.payer_id, lookups=Lookups(requests=(self.request_id,)))

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises NotFound or WrongState. Idempotent: a cancelled request is returned unchanged."""
        request = money_requests.visible(book, self.request_id, self.wallet_id)
        if request.requester_wallet_id != self.wallet_id or request.payer_wallet_id != self.payer_id:
            raise NotFound(thing="money request")
        return money_requests.ended(book, request, RequestStatus.CANCELLED)


async def cancel_request(desk: Desk, wallet_id: UUID, request_id: UUID) -> Answer:
    """Cancels a money request of the wallet. Raises NotFound, WrongState, ServiceBusy."""
    details = await desk.resolver.request_details(request_id)
    if details is None or details.requester_id != wallet_id:
        raise NotFound(thing="money request")
    return await desk.submit(CancelRequest(wallet_id, details.payer_id, request_id))
