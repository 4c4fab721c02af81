"""How a refund works: whoever was paid gives money back, all of it or a part.

    replay?  paid to them?  anything left?  that much?  payer still there?  oneself frozen or closed?  enough?
    then posted the other way, and the original says how much of it was given back

Under both wallets' locks, so that what is given back of a payment never exceeds it. No fee, no rule of risk, no
limit. Without the money the row stays as FAILED, from a frozen wallet as BLOCKED; every other refusal leaves nothing.
`reversal.py` says what moves.
"""

from dataclasses import dataclass
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint, Key, Lookups
from pocketpay.clearing.outcome import Answer, Outcome
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
"""The field of the input that says what is refunded."""


@dataclass(frozen=True, slots=True)
class Refund:
    """Give `amount` of a payment back, or with None all that is left. `payer_id` is the wallet that it came from,
    None when no payment to `wallet_id` was found."""

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
            lookups=Lookups(gives_back=True),
        )

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises a Refusal that leaves no row; those that leave one are in the outcome."""
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
        """The completed payment to this wallet. Raises NotFound."""
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
    """Gives money of a payment back and gives what came of it. An id that was none comes as None.

    Raises InvalidInput and InvalidAmount for what cannot be parsed, every other Refusal that leaves no row, and
    ServiceBusy when it could not be carried out or its outcome is unknown (ask again with the same key).
    """
    amount = None if raw_amount is None else parse_amount(raw_amount, await desk.resolver.currency(wallet_id))
    reason = parse_reason(raw_reason)
    key = parse_key(raw_key, wallet_id, "refund", str(transaction_id), amount or "all that is left", reason)
    if transaction_id is None:
        raise NotFound(ORIGINAL)
    parties = await desk.resolver.parties(transaction_id)
    ours = parties is not None and parties.destination_id == wallet_id
    payer_id = parties.source_id if parties is not None and ours else None
    return await desk.submit(Refund(uuids.uuid7(), wallet_id, payer_id, transaction_id, amount, reason, key))
