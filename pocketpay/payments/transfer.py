"""How a transfer works: one person sends money to another (the rule is in pay.py).

A key said again gives the payment that it gave before, whatever has changed since.
"""

from dataclasses import dataclass
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.money import Money
from pocketpay.payments.book import Book
from pocketpay.payments.desk import Desk
from pocketpay.payments.instruction import Answer, Footprint, Key, Outcome
from pocketpay.payments.limits import LimitKind
from pocketpay.payments.parsing import parse_amount, parse_description, parse_key, parse_recipient
from pocketpay.payments.pay import Payment


@dataclass(frozen=True, slots=True)
class Transfer:
    """Send `amount` from a wallet to another. `payee_id` is None when no such person was found."""

    id: UUID
    wallet_id: UUID
    payee_id: UUID | None
    amount: Money
    description: str
    key: Key | None

    @property
    def footprint(self) -> Footprint:
        kind = LimitKind.TRANSFER_DAILY
        return Footprint(self.wallet_id, payee_id=self.payee_id, key=self.key, limit=kind, uses=self.amount)

    def decide(self, book: Book) -> Outcome:
        """The rule. Raises a Refusal that leaves no row; those that leave one are in the outcome."""
        if self.key is not None and (earlier := book.replay(self.key, self.id)) is not None:
            return earlier
        payment = Payment(self.id, self.wallet_id, self.payee_id, self.amount, self.description, self.key)
        return payment.decide(book)


async def transfer(
    desk: Desk, wallet_id: UUID, *, raw_to: str, raw_amount: str, raw_description: str, raw_key: str
) -> Answer:
    """Sends money and gives what came of it.

    Raises InvalidInput and InvalidAmount for what cannot be parsed, every other Refusal that leaves no row, and
    ServiceBusy when it could not be carried out or its outcome is unknown (ask again with the same key).
    """
    amount = parse_amount(raw_amount, await desk.resolver.currency(wallet_id))
    description, to = parse_description(raw_description), parse_recipient(raw_to)
    key = parse_key(raw_key, wallet_id, "transfer", to, amount, description)
    payee_id = await desk.resolver.wallet_of(to)
    return await desk.clearing.submit(Transfer(uuids.uuid7(), wallet_id, payee_id, amount, description, key))
