"""How the recipient of a payment refunds it, in full or in part.

    replay?  recipient's own?  anything left?  amount left?  payer may receive?  own wallet frozen or closed?  funds?
    then the refund is posted, and `refunded` of the original transaction grows

Both wallets are locked, so that the refunds of a payment never exceed it. A refund has no fee, and no risk rule or
limit applies. With insufficient funds the transaction is written as FAILED, and from a frozen wallet as BLOCKED;
every other refusal writes nothing. `reversal.py` has the posting.
"""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key, Lookups
from pocketpay.clearing.outcome import Answer, Outcome
from pocketpay.database import uuids
from pocketpay.money import Money
from pocketpay.payments.desk import Desk
from pocketpay.payments.parsing import parse_amount, parse_key, parse_reason
from pocketpay.payments.reversal import Reversal
from pocketpay.payments.spending import cannot_pay
from pocketpay.transactions.errors import (
    AlreadyRefunded,
    NotFound,
    PayerGone,
    RefundTooLarge,
)
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import PAYMENTS, Transaction

ORIGINAL = "transactionId"
"""The input field with the id of the payment to refund."""


@dataclass(frozen=True, slots=True)
class Refund:
    """Refunds `amount` of a payment; None refunds all that is left of it.

    `payer_id` is the wallet that made the payment, None if no payment to `wallet_id` was found.
    """

    id: UUID
    wallet_id: UUID
    payer_id: UUID | None
    transaction_id: UUID
    amount: Money | None
    reason: str
    key: Key

    @property
    def footprint(self) -> Footprint:
        return Footprint(
            self.wallet_id,
            payee_id=self.payer_id,
            key=self.key,
            transaction_id=self.transaction_id,
            lookups=Lookups(for_refund=True),
        )

    def decide(self, book: Book) -> Outcome:
        """Applies the rule. Raises a Refusal that is not stored; a stored refusal is in the outcome."""
        if (earlier := book.replay(self.key, self.id)) is not None:
            return earlier
        original = self._original(book)
        if original.refundable.minor == 0:
            raise AlreadyRefunded
        amount = self.amount or original.refundable
        if amount > original.refundable:
            raise RefundTooLarge(original.refundable)
        if self.payer_id is None or not book.standings[self.payer_id].may_receive:
            raise PayerGone
        reversal = Reversal(self.id, original, amount, self.reason)
        if (why := cannot_pay(book, self.wallet_id, amount)) is not None:
            return reversal.refused(book, why, self.key)
        return reversal.done(book, self.key)

    def _original(self, book: Book) -> Transaction:
        """Returns the completed payment to this wallet. Raises NotFound."""
        original = book.transactions.get(self.transaction_id)
        if (
            original is None
            or original.type not in PAYMENTS
            or original.destination_wallet_id != self.wallet_id
            or original.status is not Status.COMPLETED
        ):
            raise NotFound(ORIGINAL)
        return original


async def refund(
    desk: Desk,
    wallet_id: UUID,
    transaction_id: UUID | None,
    *,
    raw_amount: str | None,
    raw_reason: str,
    raw_key: str,
) -> Answer:
    """Refunds a payment to the wallet. `transaction_id` is None if the input was not a valid id.

    Raises InvalidInput and InvalidAmount for invalid input, every other Refusal that is not stored, and ServiceBusy
    when the order was not executed or its outcome is unknown (retry with the same key).
    """
    amount = None if raw_amount is None else parse_amount(raw_amount, await desk.resolver.currency(wallet_id))
    reason = parse_reason(raw_reason)
    key = parse_key(raw_key, wallet_id, "refund", str(transaction_id), amount or "all that is left", reason)
    if transaction_id is None:
        raise NotFound(ORIGINAL)
    parties = await desk.resolver.parties(transaction_id)
    own = parties is not None and parties.destination_id == wallet_id
    payer_id = parties.source_id if parties is not None and own else None
    return await desk.submit(Refund(uuids.uuid7(), wallet_id, payer_id, transaction_id, amount, reason, key))
