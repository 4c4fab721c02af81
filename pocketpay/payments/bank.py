"""The protocol of a bank, designed for a real provider.

    collect    bring money in from a bank       (deposit)
    payout     send money out to a bank         (withdrawal)

An order has its transaction's id, which is the provider's idempotency key, so that a repeated order has no further
effect. A provider answers settled, declined or pending. A timeout, an error and "pending" have the same meaning here:
the order is polled again later. Settled and declined are final: a repeated order gets the same answer.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from pocketpay.money import Money


class BankReply(StrEnum):
    SETTLED = "settled"
    DECLINED = "declined"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class BankOrder:
    """An order to bring money in from a bank or to send it there.

    `id` is the transaction's id and the provider's idempotency key. When it is also the reference of the payment at
    the bank, the bank's file can be compared with the books (decision 73). `instant` is True for an instant payout.
    """

    id: UUID
    amount: Money
    bank_name: str
    instant: bool = False


class Bank(Protocol):
    """The calls that a provider has to implement."""

    async def collect(self, order: BankOrder) -> BankReply:
        """Collects the money, or returns the state of an earlier order with the same id."""
        ...

    async def payout(self, order: BankOrder) -> BankReply:
        """Pays the money out, or returns the state of an earlier order with the same id."""
        ...
