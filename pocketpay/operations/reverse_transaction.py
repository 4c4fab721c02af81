"""How an operator refunds a completed transaction, in full or in part, with `reversal.py`.

    checks   not a repetition; it exists; not the operator's own; not a refund itself; completed; not fully refunded;
             the amount is not too large; the payer's wallet is open; the recipient has the money
    then     the refund is posted, the original's refunded amount grows, and the act is recorded with its reason,
             in one step

A reversal also works on frozen wallets, which is a common case. Money that the recipient has spent cannot be
refunded. The operator can then give a smaller amount, or ask for as much as is available, which is decided under the
recipient's lock. Otherwise the reversal is refused and no row is written. The refund's description says that it is a
reversal but not why: the reason is only in the operator log.

A transaction with a fee is a withdrawal. It can only be refunded in full, so that nobody has to decide which part of
the fee belongs to a part of the amount. Its money comes from the bank and the fees account, so it is always
available.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key, Lookups
from pocketpay.clearing.outcome import Answer, Outcome
from pocketpay.database import uuids
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
"""The input field that names the transaction to reverse."""


@dataclass(frozen=True, slots=True)
class Reverse:
    """The instruction to refund `amount` of a transaction; None refunds all that is not refunded yet.

    `id` is the id of the new transaction, `act_id` the id of the act. `wallet_id` is the original's destination,
    `payee_id` its source; when the original has only one wallet, that wallet is `wallet_id`. With `up_to_available`,
    the amount is reduced to what the recipient has available.
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
        """Decides the outcome. Raises a Refusal; then no row is written."""
        if self.key is not None and (earlier := book.replay(self.key, self.id)) is not None:
            return earlier
        if (done := book.transactions.get(self.id)) is not None:  # our first attempt, whose reply was lost
            return Outcome(done, changed=False)
        original = book.transactions.get(self.transaction_id)
        if original is None:
            raise NotFound(ORIGINAL)
        self.operator.require_not_own_wallet(
            original.source_wallet_id, original.destination_wallet_id, field=ORIGINAL
        )
        if original.type is Type.REFUND:
            raise InvalidInput(ORIGINAL, "must not be a refund")
        if original.status is not Status.COMPLETED:
            raise WrongState(original, ORIGINAL)
        if original.refundable.minor == 0:
            raise AlreadyRefunded
        requested = self._requested_amount(original)
        payer = original.source_wallet_id
        if payer is not None and book.standings[payer].status is WalletStatus.CLOSED:
            raise PayerGone
        amount = self._refundable_amount(book, original, requested)
        outcome = Reversal(self.id, original, amount, DESCRIPTION).done(book, self.key)
        assert outcome.side_effects is not None, "the original has the refunded amount"  # noqa: S101 - as done() does
        return replace(outcome, side_effects=replace(outcome.side_effects, act=self._act(original, amount)))

    def _requested_amount(self, original: Transaction) -> Money:
        """Returns the requested amount. Raises RefundTooLarge, and InvalidAmount for a partial refund of a
        transaction with a fee."""
        requested = self.amount or original.refundable
        if requested > original.refundable:
            raise RefundTooLarge(original.refundable)
        if original.fee.minor and requested < original.refundable:
            whole = f"{original.refundable} {original.refundable.currency}"
            raise InvalidAmount(f"must be {whole}, or absent: a transaction with a fee can only be refunded in full")
        return requested

    def _refundable_amount(self, book: Book, original: Transaction, requested: Money) -> Money:
        """Returns the amount to refund. Raises InsufficientFunds when the recipient no longer has enough."""
        receiver = original.destination_wallet_id
        if receiver is None:
            return requested
        available = Money(book.accounts[receiver].available, requested.currency)
        if requested <= available:
            return requested
        if self.up_to_available and available.minor > 0:
            return available
        raise InsufficientFunds(requested, available, ORIGINAL)

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
    """Refunds a transaction: `raw_amount`, or by default all that is not refunded yet. The answer's transaction is
    the refund.

    Raises NotFound (also for a transaction id of None), InvalidInput, InvalidAmount, OwnWallet,
    WrongState, AlreadyRefunded, RefundTooLarge, PayerGone, InsufficientFunds, KeyReused, and ServiceBusy when the
    refund was not made or its outcome is unknown. Repeat it with the same key then: the refund is made only once.
    """
    reason = parse_reason(raw_reason)
    parties = None if transaction_id is None else await desk.resolver.parties(transaction_id)
    if transaction_id is None or parties is None:
        raise NotFound(ORIGINAL)
    wallet_id = parties.destination_id or parties.source_id
    assert wallet_id is not None, "a transaction touches at least one wallet"  # noqa: S101 - a CHECK constraint
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
