"""How an operator gives back all that is left of a transaction: of a payment, a deposit, a withdrawal, a card payment
or a bonus, by `reversal.py`.

    there?  none of the operator's own?  no refund itself?  completed?  anything left?  whose money it was still
    there?  the money too?
    then posted the other way, the original says so, and the act is recorded with its reason, in one step

Works on frozen wallets too: that is often why. What the receiver has spent is not there to be given back: then
nothing happens, and no row stays. Its description says that it is a reversal, not why: the reason is for the record.
"""

from dataclasses import dataclass, replace
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Needs
from pocketpay.clearing.outcome import Answer, Outcome
from pocketpay.money import Money
from pocketpay.operator_log.act import Act, Action, Operator
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_reason
from pocketpay.payments.reversal import Reversal
from pocketpay.transactions.errors import (
    AlreadyRefunded,
    InsufficientFunds,
    InvalidInput,
    NotFound,
    PayerGone,
    WrongState,
)
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction, Type
from pocketpay.wallets.balance import WalletStatus

DESCRIPTION = "Reversed by Pocket Pay"

ORIGINAL = "transactionId"
"""The field of the input that says what is reversed."""


@dataclass(frozen=True, slots=True)
class Reverse:
    """Give all that is left of that transaction back. `id` is the new row's, `act_id` the act's.

    `wallet_id` is the original's destination, `payee_id` its source; where there is but one it is `wallet_id`.
    """

    id: UUID
    act_id: UUID
    wallet_id: UUID
    payee_id: UUID | None
    transaction_id: UUID
    reason: str
    operator: Operator

    @property
    def footprint(self) -> Footprint:
        return Footprint(
            self.wallet_id,
            payee_id=self.payee_id,
            transaction_id=self.transaction_id,
            needs=Needs(gives_back=True, transactions=(self.id,)),
        )

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises a Refusal; then no row stays."""
        if (done := book.transactions.get(self.id)) is not None:  # our own first try, whose reply was lost
            return Outcome(done, changed=False)
        original = book.transactions.get(self.transaction_id)
        if original is None:
            raise NotFound(ORIGINAL)
        self.operator.require_no_interest(original.source_wallet_id, original.destination_wallet_id, field=ORIGINAL)
        if original.type is Type.REFUND:
            raise InvalidInput(ORIGINAL, "must not be of a refund itself")
        if original.status is not Status.COMPLETED:
            raise WrongState(original.status, ORIGINAL)
        if original.left.minor == 0:
            raise AlreadyRefunded
        payer = original.source_wallet_id
        if payer is not None and book.standings[payer].status is WalletStatus.CLOSED:
            raise PayerGone
        self._must_be_there(book, original)
        outcome = Reversal(self.id, original, original.left, DESCRIPTION).done(book)
        assert outcome.besides is not None, "the original says how much was given back"  # noqa: S101 - as done() does
        return replace(outcome, besides=replace(outcome.besides, act=self._act(original)))

    def _must_be_there(self, book: Book, original: Transaction) -> None:
        """Raises InsufficientFunds when whoever was paid has not what is left of it any more."""
        receiver = original.destination_wallet_id
        if receiver is None:
            return
        available = Money(book.accounts[receiver].available, original.amount.currency)
        if available < original.left:
            raise InsufficientFunds(original.left, available, ORIGINAL)

    def _act(self, original: Transaction) -> Act:
        facts = {"amount": str(original.left), "currency": original.amount.currency, "refund": str(self.id)}
        return Act(
            self.act_id,
            self.operator,
            Action.REVERSE,
            self.reason,
            wallet_id=self.wallet_id,
            transaction_id=original.id,
            facts=facts,
        )


async def reverse_transaction(
    desk: Desk, operator: Operator, transaction_id: UUID | None, *, raw_reason: str
) -> Answer:
    """Gives back all that is left of a transaction; the answer's transaction is the refund. None is an id of nothing.

    Raises NotFound, InvalidInput, OwnWallet, WrongState, AlreadyRefunded, PayerGone, InsufficientFunds, and
    ServiceBusy when it could not be carried out or its outcome is unknown: said again it is reversed once, and then
    ALREADY_REFUNDED.
    """
    reason = parse_reason(raw_reason)
    parties = None if transaction_id is None else await desk.resolver.parties(transaction_id)
    if transaction_id is None or parties is None:
        raise NotFound(ORIGINAL)
    wallet_id = parties.destination_id or parties.source_id
    assert wallet_id is not None, "a transaction touches at least one wallet"  # noqa: S101 - held by a CHECK
    payee_id = parties.source_id if parties.destination_id is not None else None
    return await desk.submit(
        Reverse(uuids.uuid7(), uuids.uuid7(), wallet_id, payee_id, transaction_id, reason, operator)
    )
