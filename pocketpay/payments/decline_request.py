"""How a money request is declined: whoever was asked says no."""

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
    """Pay nothing for that request, ever. A payment of it that still waits ends with it."""

    wallet_id: UUID
    request_id: UUID

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, lookups=Lookups(requests=(self.request_id,)))

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises NotFound and WrongState; said again it gives the state reached."""
        request = money_requests.visible(book, self.request_id, self.wallet_id)
        if request.payer_wallet_id != self.wallet_id:
            raise NotFound(thing="money request")
        return money_requests.ended(book, request, RequestStatus.DECLINED)


async def decline_request(desk: Desk, wallet_id: UUID, request_id: UUID) -> Answer:
    """Declines a request to that wallet. Raises NotFound, WrongState, ServiceBusy."""
    asked = await desk.resolver.asked(request_id)
    if asked is None or asked.payer_id != wallet_id:
        raise NotFound(thing="money request")
    return await desk.submit(DeclineRequest(wallet_id, request_id))
