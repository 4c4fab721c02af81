"""A bank behind a small protocol, shaped for a real provider.

An order carries its transaction's id as the provider's own idempotency key, so asking again is harmless. A provider
answers settled, declined, or not yet; silence, an error and "not yet" are the same to us: we ask again later.
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
    """Bring this money in from that bank. `id` is the transaction's, and the provider's idempotency key."""

    id: UUID
    amount: Money
    bank_name: str


class Bank(Protocol):
    """What we ask of a provider."""

    async def collect(self, order: BankOrder) -> BankReply:
        """Collects the money, or says how an earlier order of the same id stands."""
        ...


class SimulatedBank:
    """A bank that settles at once. No money is real here; a provider takes its place behind the same protocol."""

    async def collect(self, order: BankOrder) -> BankReply:
        return BankReply.SETTLED
