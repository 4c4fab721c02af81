"""A difference between a bank's file and the books, as operators see it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from pocketpay.money import Money
from pocketpay.reconciliation.match import DifferenceKind


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. Amounts are what the bank account got: negative when money went out.

    `line`, `day`, `reference` and `bank_amount` are those of the line; None when the file has no line. `closed_by`
    and `reason` are those of the act that closed it.
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
    """How many differences are open, and since when the oldest is; None without any."""

    count: int
    oldest: datetime | None
    oldest_seconds: float
