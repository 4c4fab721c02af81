"""How money is asked for: of one person or of several, all of them or none.

    replay?  everybody there?  oneself?  same currency?  frozen for all or closed?  asked too often?
    then one request each, pending until it is answered or its time is over

Whoever asks is to be paid, so a wallet that may not receive may not ask; one frozen for debits may. The caps keep one
person from nagging another, and one wallet from asking the whole town; they are counted under the asker's lock.
"""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.clearing import money_requests
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key, Lookups
from pocketpay.clearing.outcome import Outcome, SideEffects
from pocketpay.money import Money
from pocketpay.payments.spending import open_wallet
from pocketpay.requests.errors import PayerNotFound, TooManyOpenRequests, TooManyRequests
from pocketpay.requests.money_request import MoneyRequest, RequestStatus
from pocketpay.transactions.errors import CurrencyMismatch, SelfTransfer, WalletFrozen


@dataclass(frozen=True, slots=True)
class Share:
    """What one person is asked for. `payer_id` is None when nobody of that username was found."""

    id: UUID
    username: str
    payer_id: UUID | None
    amount: Money


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask each of these people for their share. `field` is the input that names them."""

    wallet_id: UUID
    shares: tuple[Share, ...]
    description: str
    key: Key
    field: str

    @property
    def footprint(self) -> Footprint:
        payers = tuple(share.payer_id for share in self.shares if share.payer_id is not None)
        return Footprint(self.wallet_id, key=self.key, lookups=Lookups(asks=payers))

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises a Refusal; none leaves a row."""
        if (earlier := money_requests.replayed(book, self.key, self.shares[0].id)) is not None:
            return earlier
        for share in self.shares:
            payer = None if share.payer_id is None else book.standings.get(share.payer_id)
            if payer is None or not payer.may_receive:
                raise PayerNotFound(self.field, share.username)
        requests = tuple(
            self._request(book, share, share.payer_id) for share in self.shares if share.payer_id is not None
        )
        if any(request.payer_wallet_id == self.wallet_id for request in requests):
            raise SelfTransfer(self.field)
        if any(book.accounts[one.payer_wallet_id].currency != one.amount.currency for one in requests):
            raise CurrencyMismatch(self.field)
        if not open_wallet(book, self.wallet_id).may_receive:
            raise WalletFrozen
        self._must_not_nag(book, requests)
        return Outcome(key=self.key, side_effects=SideEffects(requests=requests))

    def _must_not_nag(self, book: Book, requests: tuple[MoneyRequest, ...]) -> None:
        terms, open_requests = book.terms, book.counters.open_requests
        if any(open_requests[self.wallet_id, one.payer_wallet_id] >= terms.most_open_requests for one in requests):
            raise TooManyOpenRequests(self.field, terms.most_open_requests)
        if book.counters.asked_today[self.wallet_id] + len(requests) > terms.most_requests_a_day:
            raise TooManyRequests(terms.most_requests_a_day)

    def _request(self, book: Book, share: Share, payer_id: UUID) -> MoneyRequest:
        return MoneyRequest(
            id=share.id,
            requester_wallet_id=self.wallet_id,
            payer_wallet_id=payer_id,
            amount=share.amount,
            description=self.description,
            status=RequestStatus.PENDING,
            expires_at=book.now + book.terms.request_life,
            created_at=book.now,
            updated_at=book.now,
        )
