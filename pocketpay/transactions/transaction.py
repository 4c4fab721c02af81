"""A transaction: the intent to move money, as the rules and the API see it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from pocketpay.money import Money
from pocketpay.risk.rule import Reason
from pocketpay.transactions.lifecycle import Status


class Type(StrEnum):
    SEND = "send"
    REQUEST = "request"
    """A money request that is paid."""
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    CARD = "card"
    REFUND = "refund"
    BONUS = "bonus"

    __hash__ = str.__hash__  # an enum's own is Python, and every payment looks several things up by it


PAYMENTS = frozenset({Type.SEND, Type.REQUEST})
"""What one person pays another: it is judged by risk, makes a payee known, and whoever received it can refund it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One row of `transactions`. Money is in the transaction's one currency; times are aware UTC.

    `source_wallet_id` is None where money comes from outside (deposit, bonus), `destination_wallet_id` where it goes
    there (withdrawal, card). `version` grows by one with every change. `failure_facts` are the facts of the refusal
    that ended it, for rebuilding the first answer. `refund_of` is the transaction it gives back, `refunded` how much
    of it was given back (minor units). `uncounted` is how much of its amount counts neither in a limit nor in a
    card's month any more, because it was given back (minor units).
    """

    id: UUID
    type: Type
    status: Status
    source_wallet_id: UUID | None
    destination_wallet_id: UUID | None
    amount: Money
    fee: Money
    description: str
    bank_name: str | None = None
    request_id: UUID | None = None
    card_id: UUID | None = None
    refund_of: UUID | None = None
    refunded: int = 0
    uncounted: int = 0
    risk_reasons: tuple[Reason, ...] = ()
    failure_code: str | None = None
    failure_facts: dict[str, Any] | None = None
    expires_at: datetime | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None = None

    @property
    def anchor(self) -> UUID:
        """The wallet whose transaction it is: its source, or where money comes from outside its destination."""
        anchor = self.source_wallet_id or self.destination_wallet_id
        assert anchor is not None, "a transaction touches at least one wallet"  # noqa: S101 - held by a CHECK
        return anchor

    @property
    def total(self) -> Money:
        """What leaves the source: amount and fee."""
        return self.amount + self.fee

    def given_back(self, amount: Money, now: datetime) -> Self:
        """The transaction after that much more of it was given back; only its amount, not its fee, ever counted."""
        return replace(
            self,
            refunded=self.refunded + amount.minor,
            uncounted=min(self.uncounted + amount.minor, self.amount.minor),
            version=self.version + 1,
            updated_at=now,
        )

    @property
    def left(self) -> Money:
        """What of it, its fee included, has not been given back."""
        return Money(self.amount.minor + self.fee.minor - self.refunded, self.amount.currency)

    def overdue_at(self, now: datetime) -> bool:
        """Whether it still awaits its sender's answer, and the time for that is over at that moment."""
        waits = self.status is Status.PENDING_CONFIRMATION
        return waits and self.expires_at is not None and self.expires_at <= now

    def visible_to(self, wallet_id: UUID) -> bool:
        """Whether that wallet's owner may know of it: its anchor always, the other side once it is completed."""
        if self.anchor == wallet_id:
            return True
        return self.destination_wallet_id == wallet_id and self.status is Status.COMPLETED
