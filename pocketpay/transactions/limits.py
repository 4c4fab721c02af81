"""How much a wallet may move within any 24 hours. Pure: the sums and the clock are handed in.

    deposit       what it brings in from banks
    withdrawal    what it sends to banks, fees apart
    transfer      what it pays to other people

What awaits an answer counts from the moment it was ordered; what was cancelled, expired, failed or was blocked does
not count any more, and neither does what was given back, by whoever was paid or by an operator: a limit bounds how
much is out at once. It is taken out of the hour in which it was ordered. Bonuses, refunds and cards count in none of
these.

The sum is not taken over the day's payments: `wallet_usage` keeps one row for each hour, written in the unit of work
that moves the money. Whole hours come from there, and payments only of the one hour that the window's edge cuts,
read when the hours alone do not show that there is room.

Decision 16 gives the reasons.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pocketpay.money import Money
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.transaction import Transaction, Type

WINDOW = timedelta(hours=24)


class LimitKind(StrEnum):
    """Each limit; its value is what `wallet_usage` calls it."""

    DEPOSIT_DAILY = "deposit"
    WITHDRAWAL_DAILY = "withdrawal"
    TRANSFER_DAILY = "transfer"

    __hash__ = str.__hash__  # an enum's own is Python, and every payment looks several things up by it


KIND_OF = {
    Type.DEPOSIT: LimitKind.DEPOSIT_DAILY,
    Type.WITHDRAWAL: LimitKind.WITHDRAWAL_DAILY,
    Type.SEND: LimitKind.TRANSFER_DAILY,
    Type.REQUEST: LimitKind.TRANSFER_DAILY,
}
"""In which limit a type of transaction counts; in none that is not here. The repository and the audit read it too."""

COUNTED = (Status.CREATED, Status.PENDING_CONFIRMATION, Status.COMPLETED)
"""Money moved, or promised to move."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of a wallet at one moment. `resets_at` is when the oldest of what is used is 24 hours old, so that
    `remaining` begins to grow; None while nothing is used."""

    kind: LimitKind
    total: Money
    used: Money
    resets_at: datetime | None

    @classmethod
    def of(cls, kind: LimitKind, total: Money, used: Money, oldest: datetime | None) -> "Limit":
        """The limit of which that much is used, the oldest of it ordered at that moment."""
        return cls(kind, total, used, oldest + WINDOW if oldest is not None and used.minor else None)

    @property
    def remaining(self) -> Money:
        """What may still be moved; never below zero, also where the limit was lowered since."""
        return max(self.total - self.used, Money(0, self.total.currency))

    def has_room_for(self, amount: Money) -> bool:
        return amount <= self.total - self.used


def hour_of(moment: datetime) -> datetime:
    """The hour in which that moment lies, by its beginning."""
    return moment.replace(minute=0, second=0, microsecond=0)


def counted_minor(transaction: Transaction | None) -> int:
    """How much of its wallet's limit the transaction uses as it stands, in minor units, if its type has one."""
    if transaction is None or transaction.status not in COUNTED:
        return 0
    return transaction.amount.minor - transaction.uncounted
