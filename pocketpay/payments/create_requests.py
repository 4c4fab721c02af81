"""The rule for creating money requests to one person or to several people; either all are created or none.

    replay?  every payer found?  own wallet?  same currency?  frozen for all payments or closed?  too many requests?
    then one request per payer, pending until it is answered or expires

A requester is going to receive money, so a wallet that may not receive may not request money; a wallet that is frozen
for debits may. One cap limits the open requests to one payer, another cap all requests of a wallet within 24 hours.
Both are counted under the lock of the requester's wallet.
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
    """The amount requested from one person. `payer_id` is None if no wallet with that username was found."""

    id: UUID
    username: str
    payer_id: UUID | None
    amount: Money


@dataclass(frozen=True, slots=True)
class CreateRequests:
    """Creates a money request for each share. `field` is the input field with the payers' usernames, for errors."""

    wallet_id: UUID
    shares: tuple[Share, ...]
    description: str
    key: Key
    field: str

    @property
    def footprint(self) -> Footprint:
        payers = tuple(share.payer_id for share in self.shares if share.payer_id is not None)
        return Footprint(self.wallet_id, key=self.key, lookups=Lookups(payers=payers))

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises a Refusal; no refusal is stored."""
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
        self._check_caps(book, requests)
        return Outcome(key=self.key, side_effects=SideEffects(requests=requests))

    def _check_caps(self, book: Book, requests: tuple[MoneyRequest, ...]) -> None:
        terms, open_requests = book.terms, book.counters.open_requests
        for share, request in zip(self.shares, requests, strict=True):
            if open_requests[self.wallet_id, request.payer_wallet_id] >= terms.max_open_requests:
                raise TooManyOpenRequests(self.field, share.username, terms.max_open_requests)
        if book.counters.requested_today[self.wallet_id] + len(requests) > terms.max_requests_per_day:
            raise TooManyRequests(terms.max_requests_per_day)

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
