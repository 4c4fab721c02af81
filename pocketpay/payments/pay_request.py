"""How a money request is paid: whoever was asked says yes (the rule of paying is in transfer.py).

    replay?  theirs?  still asked for?  no payment of it waiting already?  then as any payment

A safe payment completes at once, and the request is paid in the same unit of work. A risky one is held: the request
stays pending until the payer confirms, and can be paid again when that payment is cancelled, expires or fails. It
stays pending too after a payment that failed for lack of money or was blocked; each attempt's row names the request.
"""

from dataclasses import dataclass
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key, Lookups
from pocketpay.clearing.outcome import Answer, Outcome
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_key
from pocketpay.payments.transfer import Transfer
from pocketpay.requests.money_request import RequestStatus
from pocketpay.requests.repository import Asked
from pocketpay.transactions.errors import NotFound, WrongState
from pocketpay.transactions.limits import LimitKind


@dataclass(frozen=True, slots=True)
class PayRequest:
    """Pay that request. `asked` is what it asks for; None when there is no such request."""

    id: UUID
    wallet_id: UUID
    request_id: UUID
    asked: Asked | None
    key: Key

    @property
    def footprint(self) -> Footprint:
        if self.asked is None:
            return Footprint(self.wallet_id, key=self.key)
        return Footprint(
            self.wallet_id,
            payee_id=self.asked.requester_id,
            key=self.key,
            limit=LimitKind.TRANSFER_DAILY,
            uses=self.asked.amount,
            lookups=Lookups(requests=(self.request_id,)),
        )

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises a Refusal that leaves no row; those that leave one are in the outcome."""
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
        return Transfer(self.id, self.wallet_id, payee_id, amount, description, self.key, request).paid(book)


async def pay_request(desk: Desk, wallet_id: UUID, request_id: UUID, *, raw_key: str) -> Answer:
    """Pays a request to that wallet and gives what came of it.

    Raises InvalidInput for the key, every other Refusal that leaves no row, and ServiceBusy when it could not be
    carried out or its outcome is unknown (ask again with the same key).
    """
    key = parse_key(raw_key, wallet_id, "payRequest", str(request_id))
    asked = await desk.resolver.asked(request_id)
    if asked is not None and asked.payer_id != wallet_id:
        asked = None
    return await desk.submit(PayRequest(uuids.uuid7(), wallet_id, request_id, asked, key))
