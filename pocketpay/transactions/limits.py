"""How much a wallet may move within any 24 hours. Pure functions: the sums and the time are arguments.

    deposit       the amounts it receives from banks
    withdrawal    the amounts it sends to banks, without fees
    transfer      the amounts it pays to other people

A payment that awaits an answer counts from the time it was ordered. A payment that was cancelled or blocked, or has
expired or failed, no longer counts. A refunded amount no longer counts either, whether the recipient or an operator
refunded it: a limit bounds the amount that is out at the same time. It is subtracted from the hour in which the
payment was ordered. Bonuses, refunds and card payments do not count.

The sum is not computed from the day's payments: `wallet_usage` has one row for each hour, written in the unit of work
that moves the money. Whole hours are read from there. Single payments are read only for the one hour in which the
window begins, and only when the sum of the hours does not already show that the payment is within the limit.

Decision 16 gives the reasons.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pocketpay.money import Money
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction, Type

WINDOW = timedelta(hours=24)

USAGE_KEPT = timedelta(days=7)
"""How long the hours of `wallet_usage` are kept. Limits read the last day. Older hours help people to investigate an
incident. The payments themselves are never deleted."""

USAGE_PROVED = timedelta(days=6)
"""The audit compares hours with their payments up to this age. The sweeper deletes none of these hours."""


class LimitKind(StrEnum):
    """The limits. The value is the limit's `kind` in `wallet_usage`."""

    DEPOSIT_DAILY = "deposit"
    WITHDRAWAL_DAILY = "withdrawal"
    TRANSFER_DAILY = "transfer"

    __hash__ = str.__hash__  # an enum's own hash is written in Python and slower; each payment uses it several times


KIND_OF = {
    Type.DEPOSIT: LimitKind.DEPOSIT_DAILY,
    Type.WITHDRAWAL: LimitKind.WITHDRAWAL_DAILY,
    Type.SEND: LimitKind.TRANSFER_DAILY,
    Type.REQUEST: LimitKind.TRANSFER_DAILY,
}
"""The limit in which a type of transaction counts; other types count in none. The repository and audit use it too."""

COUNTED = (Status.CREATED, Status.PENDING_CONFIRMATION, Status.COMPLETED)
"""The states in which a transaction counts: its money has moved or can still move."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of a wallet at one moment. `resets_at` is the time at which the oldest counted payment is 24 hours
    old and `remaining` begins to grow; None while nothing is used."""

    kind: LimitKind
    total: Money
    used: Money
    resets_at: datetime | None

    @classmethod
    def of(cls, kind: LimitKind, total: Money, used: Money, oldest: datetime | None) -> "Limit":
        """Returns a limit with its used amount. `oldest` is the time at which the oldest counted payment was
        ordered."""
        return cls(kind, total, used, oldest + WINDOW if oldest is not None and used.minor else None)

    @property
    def remaining(self) -> Money:
        """The amount that may still be moved; never below zero, even when the limit was lowered after it was used."""
        return max(self.total - self.used, Money(0, self.total.currency))

    def allows(self, amount: Money) -> bool:
        return amount <= self.total - self.used


def hour_of(moment: datetime) -> datetime:
    """The beginning of the hour that contains the moment."""
    return moment.replace(minute=0, second=0, microsecond=0)


def counted_minor(transaction: Transaction | None) -> int:
    """The amount of its wallet's limit that the transaction uses in its current state, in minor units; 0 for None.

    The caller makes sure that the transaction's type has a limit.
    """
    if transaction is None or transaction.status not in COUNTED:
        return 0
    return transaction.amount.minor - transaction.uncounted
