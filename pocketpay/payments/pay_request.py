"""How the payer pays a money request. The rule of the payment itself is in transfer.py.

    replay?  payer's own?  still pending?  no held payment of it?  then the rule of a transfer

A safe payment completes immediately, and the request is paid in the same unit of work. A risky payment is held: the
request stays pending until the payer confirms, and can be paid again if that payment is cancelled, expires or fails.
The request also stays pending after a payment that failed for insufficient funds or was blocked. The transaction of
each attempt has the request's id.
"""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key, Lookups
from pocketpay.clearing.outcome import Answer, Outcome
from pocketpay.database import uuids
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_key
from pocketpay.payments.transfer import Transfer
from pocketpay.requests.money_request import RequestDetails, RequestStatus
from pocketpay.transactions.errors import NotFound, WrongState
from pocketpay.transactions.limits import LimitKind


@dataclass(frozen=True, slots=True)
class PayRequest:
    """Pays the money request. `details` has its payer and amount; None if the wallet has no such request to pay."""

    id: UUID
    wallet_id: UUID
    request_id: UUID
    details: RequestDetails | None
    key: Key

    @property
    def footprint(self) -> Footprint:
        if self.details is None:
            return Footprint(self.wallet_id, key=self.key)
        return Footprint(
            self.wallet_id,
            payee_id=self.details.requester_id,
            key=self.key,
            limit=LimitKind.TRANSFER_DAILY,
            uses=self.details.amount,
            lookups=Lookups(requests=(self.request_id,)),
        )

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises a Refusal that is not stored; a stored refusal is in the outcome."""
        if (earlier := book.replay(self.key, self.id)) is not None:
            return earlier
        request = book.requests.get(self.request_id)
        if request is None or request.payer_wallet_id != self.wallet_id:
            raise NotFound(thing="money request")
        if request.status is not RequestStatus.PENDING:
            raise WrongState(request)
        if (waiting := book.live_payment(request.id)) is not None:
            raise WrongState(waiting)
        payee_id, amount, description = request.requester_wallet_id, request.amount, request.description
        return Transfer(self.id, self.wallet_id, payee_id, amount, description, self.key, request).decide_new(book)


async def pay_request(desk: Desk, wallet_id: UUID, request_id: UUID, *, raw_key: str) -> Answer:
    """Pays a money request to the wallet.

    Raises InvalidInput for the key, every other Refusal that is not stored, and ServiceBusy when the order was not
    executed or its outcome is unknown (retry with the same key).
    """
    key = parse_key(raw_key, wallet_id, "payRequest", str(request_id))
    details = await desk.resolver.request_details(request_id)
    if details is not None and details.payer_id != wallet_id:
        details = None
    return await desk.submit(PayRequest(uuids.uuid7(), wallet_id, request_id, details, key))
