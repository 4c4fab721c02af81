"""Matches the lines of a bank's file with the books. Pure: no session, no clock.

    the line                                                          the result
    names no transaction, or one without an entry of the account      NOT_IN_BOOKS
    names a transaction that an earlier line names                    REPEATED
    has another amount than the entry                                 AMOUNT_DIFFERS
    else                                                              it is matched

An entry that no line names is NOT_IN_FILE: the repository finds these, because there may be many.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from pocketpay.reconciliation.bank_file import BankLine


class DifferenceKind(StrEnum):
    """How the file of a bank differs from the books."""

    NOT_IN_BOOKS = "not_in_books"
    NOT_IN_FILE = "not_in_file"
    AMOUNT_DIFFERS = "amount_differs"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True)
class NewDifference:
    """A difference that was found. Amounts are in minor units, negative when money went out of the bank account; None
    when there is no amount. `line` is the number of the line; None when only the books have an entry."""

    kind: DifferenceKind
    line: int | None
    transaction_id: UUID | None
    bank_amount: int | None
    books_amount: int | None


@dataclass(frozen=True, slots=True)
class Matched:
    """The result for the lines of a file. `first` has the transactions that no earlier line names. These lines
    explain earlier differences about missing lines."""

    matched: int
    differences: list[NewDifference]
    first: set[UUID]


def match(lines: Iterable[BankLine], booked: Mapping[UUID, int], earlier: Set[UUID]) -> Matched:
    """Matches the lines, in their order. `booked` has the amount of the bank account's entry for each transaction
    that the lines name and that has such an entry. `earlier` has the transactions that earlier files name."""
    matched, differences, first = 0, [], set[UUID]()
    for line in lines:
        id, amount = line.transaction_id, line.amount.minor
        in_books = None if id is None else booked.get(id)
        if id is None or in_books is None:
            kind = DifferenceKind.NOT_IN_BOOKS
        elif id in earlier or id in first:
            kind = DifferenceKind.REPEATED
        else:
            first.add(id)
            if amount == in_books:
                matched += 1
                continue
            kind = DifferenceKind.AMOUNT_DIFFERS
        differences.append(NewDifference(kind, line.number, id, amount, in_books))
    return Matched(matched, differences, first)
