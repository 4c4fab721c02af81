"""How an operator gives back a completed transaction, all that is left of it or a part, by `reversal.py`.

    replay?  there?  none of the operator's own?  no refund itself?  completed?  anything left?  that much?
    the payer's wallet open?  the money still there?
    then posted the other way, the original says so, and the act is recorded with its reason, in one step

Works on frozen wallets too: that is often why. What the receiver has spent cannot be given back. The operator then
names a smaller amount, or asks for as much as is available, which is decided under the receiver's lock. Without
either nothing happens, and no row stays. The refund's description says that it is a reversal, not why: the reason is
for the record.

A transaction with a fee is a withdrawal. Its money comes from the bank and from the house, so all of it is always
there, and it goes back whole: nobody has to decide which part of the fee belongs to a part of the amount.
"""

from dataclasses import dataclass, replace
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key, Lookups
from pocketpay.clearing.outcome import Answer, Outcome
from pocketpay.money import Money
from pocketpay.operator_log.act import Act, Action, Operator
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_amount, parse_key, parse_reason
from pocketpay.payments.reversal import Reversal
from pocketpay.transactions.errors import (
    AlreadyRefunded,
    InsufficientFunds,
    InvalidAmount,
    InvalidInput,
    NotFound,
    PayerGone,
    RefundTooLarge,
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
    """Give `amount` of that transaction back, with None all that is left. `id` is the new row's, `act_id` the act's.

    `wallet_id` is the original's destination, `payee_id` its source; where there is but one it is `wallet_id`.
    With `up_to_available` it is as much of that as the receiver has available.
    """

    id: UUID
    act_id: UUID
    wallet_id: UUID
    payee_id: UUID | None
    transaction_id: UUID
    reason: str
    operator: Operator
    amount: Money | None = None
    up_to_available: bool = False
    key: Key | None = None

    @property
    def footprint(self) -> Footprint:
        return Footprint(
            self.wallet_id,
            payee_id=self.payee_id,
            key=self.key,
            transaction_id=self.transaction_id,
            lookups=Lookups(for_refund=True, transactions=(self.id,)),
        )

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises a Refusal; then no row stays."""
        if self.key is not None and (earlier := book.replay(self.key, self.id)) is not None:
            return earlier
        if (done := book.transactions.get(self.id)) is not None:  # our own first try, whose reply was lost
            return Outcome(done, changed=False)
        original = book.transactions.get(self.transaction_id)
        if original is None:
            raise NotFound(ORIGINAL)
        self.operator.require_no_interest(original.source_wallet_id, original.destination_wallet_id, field=ORIGINAL)
        if original.type is Type.REFUND:
            raise InvalidInput(ORIGINAL, "must not be a refund")
        if original.status is not Status.COMPLETED:
            raise WrongState(original, ORIGINAL)
        if original.left.minor == 0:
            raise AlreadyRefunded
        wanted = self._wanted(original)
        payer = original.source_wallet_id
        if payer is not None and book.standings[payer].status is WalletStatus.CLOSED:
            raise PayerGone
        amount = self._available(book, original, wanted)
        outcome = Reversal(self.id, original, amount, DESCRIPTION).done(book, self.key)
        assert outcome.side_effects is not None, "the original has the refunded amount"  # noqa: S101 - as done() does
        return replace(outcome, side_effects=replace(outcome.side_effects, act=self._act(original, amount)))

    def _wanted(self, original: Transaction) -> Money:
        """How much is to go back. Raises RefundTooLarge, and InvalidAmount for a part of what cost a fee."""
        wanted = self.amount or original.left
        if wanted > original.left:
            raise RefundTooLarge(original.left)
        if original.fee.minor and wanted < original.left:
            whole = f"{original.left} {original.left.currency}"
            raise InvalidAmount(f"must be {whole}, or absent: a transaction with a fee can only be refunded in full")
        return wanted

    def _available(self, book: Book, original: Transaction, wanted: Money) -> Money:
        """How much of it can go back. Raises InsufficientFunds when whoever was paid has not enough any more."""
        receiver = original.destination_wallet_id
        if receiver is None:
            return wanted
        available = Money(book.accounts[receiver].available, wanted.currency)
        if wanted <= available:
            return wanted
        if self.up_to_available and available.minor > 0:
            return available
        raise InsufficientFunds(wanted, available, ORIGINAL)

    def _act(self, original: Transaction, amount: Money) -> Act:
        facts = {"amount": str(amount), "currency": amount.currency, "refund": str(self.id)}
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
    desk: Desk,
    operator: Operator,
    transaction_id: UUID | None,
    *,
    raw_reason: str,
    raw_amount: str | None = None,
    up_to_available: bool = False,
    raw_key: str | None = None,
) -> Answer:
    """Gives back a transaction, without an amount all that is left; the answer's transaction is the refund.

    A transaction id of None is an id of nothing. Raises NotFound, InvalidInput, InvalidAmount, OwnWallet, WrongState,
    AlreadyRefunded, RefundTooLarge, PayerGone, InsufficientFunds, KeyReused, and ServiceBusy when it could not be
    carried out or its outcome is unknown. Then ask again: with the same key it is given back once.
    """
    reason = parse_reason(raw_reason)
    parties = None if transaction_id is None else await desk.resolver.parties(transaction_id)
    if transaction_id is None or parties is None:
        raise NotFound(ORIGINAL)
    wallet_id = parties.destination_id or parties.source_id
    assert wallet_id is not None, "a transaction touches at least one wallet"  # noqa: S101 - held by a CHECK
    payee_id = parties.source_id if parties.destination_id is not None else None
    amount = None if raw_amount is None else parse_amount(raw_amount, await desk.resolver.currency(wallet_id))
    key = None
    if raw_key is not None:
        how_much = (amount or "all that is left", "up to available" if up_to_available else "exactly")
        key = parse_key(raw_key, wallet_id, "reverseTransaction", str(transaction_id), *how_much, reason)
    return await desk.submit(
        Reverse(
            *(uuids.uuid7(), uuids.uuid7(), wallet_id, payee_id, transaction_id, reason, operator),
            amount=amount,
            up_to_available=up_to_available,
            key=key,
        )
    )
