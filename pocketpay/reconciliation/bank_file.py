"""The file of a bank: the movements on one bank account in one currency, on some days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from pocketpay.money import Money
from pocketpay.reconciliation.errors import BankFileUnreadable

MAX_BYTES = 16 * 1024 * 1024
"""The largest file. It is read into memory."""

MAX_LINES = 20_000
"""The most lines of a file. They are written in one unit of work, which may take 5 s. A larger file can be split."""

MAX_REFERENCE = 140
"""The most characters of a reference. camt.053 allows 35, and 140 for a text."""


@dataclass(frozen=True, slots=True)
class BankLine:
    """One movement. `line` is the line of the file on which it begins. `number` is unique in the file: the line in
    CSV; the position among the movements in camt.053, because the whole file may be on one line. `amount` is positive
    when money came into the bank account, and negative when it went out.

    `transaction_id` is the transaction that `reference` names; None when the reference does not look like an id.
    """

    number: int
    line: int
    day: date
    amount: Money
    reference: str | None
    transaction_id: UUID | None


@dataclass(frozen=True, slots=True)
class BankFile:
    """The lines of a file, and the days that it covers completely."""

    lines: Sequence[BankLine]
    first_day: date
    last_day: date

    @classmethod
    def of(cls, lines: Sequence[BankLine], first_day: date | None = None, last_day: date | None = None) -> "BankFile":
        """Creates a file. A day that is None is taken from the lines. Raises BankFileUnreadable."""
        if not lines:
            raise BankFileUnreadable("The file has no movements.")
        first, last = min(line.day for line in lines), max(line.day for line in lines)
        first_day, last_day = first if first_day is None else first_day, last if last_day is None else last_day
        if first_day > last_day:
            raise BankFileUnreadable(f"The first day, {first_day}, is after the last day, {last_day}.")
        for line in lines:
            if line.amount.currency != lines[0].amount.currency:
                raise BankFileUnreadable(
                    f"the currency is {line.amount.currency}, and {lines[0].amount.currency} in line "
                    f"{lines[0].line}. A file has the movements of one account.",
                    line.line,
                )
            if not first_day <= line.day <= last_day:
                raise BankFileUnreadable(
                    f"{line.day} is not within the days of the file, {first_day} to {last_day}.", line.line
                )
        return cls(lines, first_day, last_day)

    @property
    def currency(self) -> str:
        return self.lines[0].amount.currency

    @property
    def total(self) -> Money:
        return Money(sum(line.amount.minor for line in self.lines), self.currency)
