"""A difference between a bank's file and the books, as operators see it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from pocketpay.money import Money
from pocketpay.reconciliation.match import DifferenceKind


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. Amounts are positive when money came into the bank account, negative when it went out.

    `line`, `day`, `reference` and `bank_amount` come from the line; they are None when the file has no line.
    `closed_by` and `reason` belong to the act that closed the difference.
    """

    id: UUID
    kind: DifferenceKind
    file_name: str
    line: int | None
    day: date | None
    reference: str | None
    transaction_id: UUID | None
    bank_amount: Money | None
    books_amount: Money | None
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    reason: str | None

    @property
    def open(self) -> bool:
        return self.closed_at is None


@dataclass(frozen=True, slots=True)
class OpenDifferences:
    """The number of open differences, and the time at which the oldest was found; None when none is open."""

    count: int
    oldest: datetime | None
    oldest_seconds: float
