"""How the payer declines a money request."""

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
class DeclineRequest:
    """Declines the money request. If it has a held payment, the payment is cancelled."""

    wallet_id: UUID
    request_id: UUID

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, lookups=Lookups(requests=(self.request_id,)))

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises NotFound or WrongState. Idempotent: a declined request is returned unchanged."""
        request = money_requests.visible(book, self.request_id, self.wallet_id)
        if request.payer_wallet_id != self.wallet_id:
            raise NotFound(thing="money request")
        return money_requests.ended(book, request, RequestStatus.DECLINED)


async def decline_request(desk: Desk, wallet_id: UUID, request_id: UUID) -> Answer:
    """Declines a money request to the wallet. Raises NotFound, WrongState, ServiceBusy."""
    details = await desk.resolver.request_details(request_id)
    if details is None or details.payer_id != wallet_id:
        raise NotFound(thing="money request")
    return await desk.submit(DeclineRequest(wallet_id, request_id))
