"""A transaction: the intent to move money, as the rules and the API see it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from pocketpay.money import Money
from pocketpay.quick_init import quick_init
from pocketpay.risk.rule import Reason
from pocketpay.transactions.lifecycle import Status


class Type(StrEnum):
    SEND = "send"
    REQUEST = "request"
    """The payment of a money request."""
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    CARD = "card"
    REFUND = "refund"
    BONUS = "bonus"

    __hash__ = str.__hash__  # an enum's own hash is written in Python and slower; each payment uses it several times


PAYMENTS = frozenset({Type.SEND, Type.REQUEST})
"""Payments between people: risk rules apply, the payee becomes a known payee, and the payee can refund the
payment."""


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One row of `transactions`. Money is in the transaction's one currency; times are aware UTC.

    `source_wallet_id` is None when the money comes from outside (deposit, bonus), `destination_wallet_id` when it
    goes outside (withdrawal, card). `version` increases by one with every change. `failure_facts` are the facts of
    the refusal that ended it, to rebuild the first answer. `refund_of` is the transaction that this one refunds;
    `refunded` is the refunded amount of this one (minor units). `uncounted` is the refunded part of its amount that
    no longer counts in a limit or in a card's month (minor units).
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
        """The wallet that owns the transaction: its source, or its destination when the money comes from outside."""
        anchor = self.source_wallet_id or self.destination_wallet_id
        assert anchor is not None, "a transaction touches at least one wallet"  # noqa: S101 - a CHECK constraint
        return anchor

    @property
    def total(self) -> Money:
        """The sum that leaves the source: amount and fee."""
        return self.amount + self.fee

    def after_refund(self, amount: Money, now: datetime) -> Self:
        """Returns the transaction after a further refund of `amount`.

        A limit counts the transaction's amount without its fee. So `uncounted` is never more than the amount, even
        when the fee is refunded too.
        """
        return replace(
            self,
            refunded=self.refunded + amount.minor,
            uncounted=min(self.uncounted + amount.minor, self.amount.minor),
            version=self.version + 1,
            updated_at=now,
        )

    @property
    def refundable(self) -> Money:
        """The part of amount and fee that is not refunded."""
        return Money(self.amount.minor + self.fee.minor - self.refunded, self.amount.currency)

    def overdue_at(self, now: datetime) -> bool:
        """Whether it awaits its sender's answer, and the time for the answer is over at `now`."""
        waits = self.status is Status.PENDING_CONFIRMATION
        return waits and self.expires_at is not None and self.expires_at <= now

    def visible_to(self, wallet_id: UUID) -> bool:
        """Whether the wallet's owner may see the transaction. The anchor's owner always may, and the owner on the
        other side when it is completed."""
        if self.anchor == wallet_id:
            return True
        return self.destination_wallet_id == wallet_id and self.status is Status.COMPLETED
