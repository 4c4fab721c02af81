"""Reads a CSV file with a header: UTF-8, commas, doubled quotes.

    date,amount,currency,reference
    2026-11-28,100.00,USD,019acb7ffb3f7c0f8f1d5e6a7b8c9d0e
    2026-11-28,-20.00,USD,019acb80a1b27d3e9c4f5a6b7c8d9e0f

The columns may be in any order, and other columns are ignored. A negative amount is money that went out.
"""

import csv
import io
from collections.abc import Iterator

from pocketpay.reconciliation import values
from pocketpay.reconciliation.bank_file import MAX_LINES, BankLine
from pocketpay.reconciliation.errors import BankFileUnreadable
from pocketpay.reconciliation.values import PublicId

COLUMNS = ("date", "amount", "currency", "reference")
MAX_FIELD = 10_000
"""Maximum number of characters of a field. It limits how much is read after a quote that is not closed."""


def lines(data: bytes, public_id: PublicId) -> Iterator[BankLine]:
    """Yields the lines of the file. Raises BankFileUnreadable."""
    reader = csv.reader(io.StringIO(_text(data), newline=""), strict=True)
    csv.field_size_limit(MAX_FIELD)
    head = [name.strip().lower() for name in next(_rows(reader), (0, []))[1]]
    places = _places(head)
    count = 0
    for number, row in _rows(reader):
        if not any(row):  # spreadsheets leave lines with only commas at the end
            continue
        count += 1
        if count > MAX_LINES:
            raise BankFileUnreadable(f"The file has more than {MAX_LINES:,} movements. Split it by days.")
        if len(row) != len(head):
            raise BankFileUnreadable(f"it has {len(row)} columns, and the header has {len(head)}.", number)
        day, amount, currency, reference = (row[place].strip() for place in places)
        named = values.reference(reference, public_id, number)
        yield BankLine(
            number, number, values.day(day, number), values.signed_amount(amount, currency, number), *named
        )


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        raise BankFileUnreadable("it is not UTF-8. Export the file as UTF-8.", line) from None


def _rows(reader: "Iterator[list[str]]") -> Iterator[tuple[int, list[str]]]:
    """Yields each row with the line on which it begins."""
    while True:
        number: int = reader.line_num + 1  # type: ignore[attr-defined]
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise BankFileUnreadable(
                "it has a quote that is not closed, one in the middle of a value, or a value that is too long.",
                number,
            ) from None


def _places(head: list[str]) -> list[int]:
    for name in COLUMNS:
        if head.count(name) != 1:
            problem = f"the column {name!r} is {'missing' if name not in head else 'in the header twice'}."
            hint = " The columns must be separated by commas." if len(head) == 1 and ";" in head[0] else ""
            raise BankFileUnreadable(f"{problem} The columns are {', '.join(COLUMNS)}.{hint}", 1)
    return [head.index(name) for name in COLUMNS]
