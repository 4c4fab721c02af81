"""How a money request is taken back: whoever asked asks no more."""

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
    """Take that request back. `payer_id` is the wallet that was asked, whose lock guards it: a payment that waits
    there ends with it, and its hold is given back."""

    wallet_id: UUID
    payer_id: UUID
    request_id: UUID

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, payee_id=self.payer_id, lookups=Lookups(requests=(self.request_id,)))

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises NotFound and WrongState; said again it gives the state reached."""
        request = money_requests.visible(book, self.request_id, self.wallet_id)
        if request.requester_wallet_id != self.wallet_id or request.payer_wallet_id != self.payer_id:
            raise NotFound(thing="money request")
        return money_requests.ended(book, request, RequestStatus.CANCELLED)


async def cancel_request(desk: Desk, wallet_id: UUID, request_id: UUID) -> Answer:
    """Takes a request of that wallet back. Raises NotFound, WrongState, ServiceBusy."""
    asked = await desk.resolver.asked(request_id)
    if asked is None or asked.requester_id != wallet_id:
        raise NotFound(thing="money request")
    return await desk.submit(CancelRequest(wallet_id, asked.payer_id, request_id))
