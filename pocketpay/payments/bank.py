"""A bank behind a small protocol, shaped for a real provider.

    collect    bring money in from a bank       (deposit)
    payout     send money out to a bank         (withdrawal)

An order carries its transaction's id as the provider's own idempotency key, so asking again is harmless. A provider
answers settled, declined, or not yet; silence, an error and "not yet" are the same to us: we ask again later. What it
said once, settled or declined, it says again whenever it is asked.
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
    """Bring this money in from that bank, or send it there. `id` is the transaction's, and the provider's idempotency
    key; `instant` is how a payout that was paid for goes."""

    id: UUID
    amount: Money
    bank_name: str
    instant: bool = False


class Bank(Protocol):
    """What we ask of a provider."""

    async def collect(self, order: BankOrder) -> BankReply:
        """Collects the money, or says how an earlier order of the same id stands."""
        ...

    async def payout(self, order: BankOrder) -> BankReply:
        """Pays the money out, or says how an earlier order of the same id stands."""
        ...
