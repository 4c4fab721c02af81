"""How a transfer works: one person sends money to another.

    replay?  recipient found?  own wallet?  same currency?  sender frozen or closed?  funds?  within limit?  risky?
    then post immediately, or hold the money until the sender confirms

A safe payment completes in the same unit of work. For a risky payment the money is held, and the sender has 15
minutes (a setting) to confirm. With insufficient funds the transaction is written as FAILED; if a rule or a freeze
blocks it, as BLOCKED; every other refusal writes nothing.

A money request is paid by the same rule (pay_request.py). Its held payment never expires later than the request.
Otherwise the request would stay open beyond its expiry, and the requester could see that money is held for it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pocketpay.clearing import money_requests
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key
from pocketpay.clearing.outcome import Answer, Hold, Outcome
from pocketpay.database import uuids
from pocketpay.errors import Refusal
from pocketpay.ledger.account import Leg
from pocketpay.money import Money
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_amount, parse_key, parse_recipient, parse_transfer_description
from pocketpay.payments.spending import cannot_pay
from pocketpay.quick_init import quick_init
from pocketpay.requests.money_request import MoneyRequest
from pocketpay.risk.policy import Verdict
from pocketpay.risk.rule import RuleAction
from pocketpay.transactions.errors import (
    CurrencyMismatch,
    RecipientNotFound,
    RiskBlocked,
    SelfTransfer,
    TooManyPending,
)
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import LimitKind
from pocketpay.transactions.stored_refusal import ended_by
from pocketpay.transactions.transaction import Transaction, Type


@quick_init
@dataclass(frozen=True, slots=True)
class Transfer:
    """Sends `amount` from a wallet to another. `payee_id` is None if the recipient was not found. `request` is the
    money request that the payment pays, if any."""

    id: UUID
    wallet_id: UUID
    payee_id: UUID | None
    amount: Money
    description: str
    key: Key | None
    request: MoneyRequest | None = None

    @property
    def footprint(self) -> Footprint:
        kind = LimitKind.TRANSFER_DAILY
        return Footprint(self.wallet_id, payee_id=self.payee_id, key=self.key, limit=kind, uses=self.amount)

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises a Refusal that is not stored; a stored refusal is in the outcome."""
        if self.key is not None and (earlier := book.replay(self.key, self.id)) is not None:
            return earlier
        return self.decide_new(book)

    def decide_new(self, book: Book) -> Outcome:
        """Applies the rule when the key is known to be new. Raises as `decide` does."""
        payee = None if self.payee_id is None else book.standings.get(self.payee_id)
        if self.payee_id is None or payee is None or not payee.may_receive:
            raise RecipientNotFound
        if self.payee_id == self.wallet_id:
            raise SelfTransfer
        if book.accounts[self.payee_id].currency != self.amount.currency:
            raise CurrencyMismatch
        if (why := cannot_pay(book, self.wallet_id, self.amount)) is not None:
            return self._ended(book, why)
        book.require_room(self.wallet_id, LimitKind.TRANSFER_DAILY, self.amount)
        verdict = book.risk_of(self.wallet_id, self.payee_id, self.amount)
        if verdict.action is RuleAction.OFF:
            done = self._transaction(book, Status.COMPLETED)
            return Outcome(
                done,
                legs=self._legs(self.payee_id),
                key=self.key,
                side_effects=money_requests.paid(book, self.request),
            )
        if book.counters.pending.get(self.wallet_id, 0) >= book.terms.max_pending:
            raise TooManyPending(book.terms.max_pending)
        if verdict.action is RuleAction.BLOCK:
            return self._ended(book, RiskBlocked(), verdict)
        waiting = self._transaction(book, Status.PENDING_CONFIRMATION, verdict)
        return Outcome(waiting, hold=Hold(self.wallet_id, self.amount.minor), key=self.key)

    def _legs(self, payee_id: UUID) -> tuple[Leg, ...]:
        return (
            Leg(self.wallet_id, -self.amount.minor, self.description),
            Leg(payee_id, self.amount.minor, self.description),
        )

    def _ended(self, book: Book, why: Refusal, verdict: Verdict | None = None) -> Outcome:
        ended = ended_by(why, self._transaction(book, Status.CREATED, verdict))
        return Outcome(ended, key=self.key, refusal=why)

    def _transaction(self, book: Book, status: Status, verdict: Verdict | None = None) -> Transaction:
        return Transaction(
            id=self.id,
            type=Type.SEND if self.request is None else Type.REQUEST,
            status=status,
            source_wallet_id=self.wallet_id,
            destination_wallet_id=self.payee_id,
            amount=self.amount,
            fee=Money(0, self.amount.currency),
            description=self.description,
            request_id=None if self.request is None else self.request.id,
            risk_reasons=() if verdict is None else verdict.reasons,
            expires_at=self._expiry(book) if status is Status.PENDING_CONFIRMATION else None,
            created_at=book.now,
            updated_at=book.now,
            completed_at=book.now if status is Status.COMPLETED else None,
        )

    def _expiry(self, book: Book) -> datetime:
        expiry = book.now + book.terms.confirmation
        return expiry if self.request is None else min(expiry, self.request.expires_at)


async def transfer(
    desk: Desk, wallet_id: UUID, *, raw_to: str, raw_amount: str, raw_description: str, raw_key: str
) -> Answer:
    """Sends money to another person.

    Raises InvalidInput and InvalidAmount for invalid input, every other Refusal that is not stored, and ServiceBusy
    when the order was not executed or its outcome is unknown (retry with the same key).
    """
    amount = parse_amount(raw_amount, await desk.resolver.currency(wallet_id))
    description, to = parse_transfer_description(raw_description), parse_recipient(raw_to)
    key = parse_key(raw_key, wallet_id, "transfer", to, amount, description)
    payee_id = await desk.resolver.wallet_of(to)
    return await desk.submit(Transfer(uuids.uuid7(), wallet_id, payee_id, amount, description, key))
