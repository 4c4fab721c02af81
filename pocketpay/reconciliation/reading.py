"""Reads the file of a bank: recognises its format by its content, and checks the rules for all formats."""

from datetime import date

from pocketpay.reconciliation import camt_file, csv_file
from pocketpay.reconciliation.bank_file import MAX_BYTES, BankFile
from pocketpay.reconciliation.errors import BankFileUnreadable
from pocketpay.reconciliation.values import PublicId

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(
    data: bytes, public_id: PublicId, *, first_day: date | None = None, last_day: date | None = None
) -> BankFile:
    """Returns the file. Given days replace the days that the file names. Raises BankFileUnreadable."""
    if len(data) > MAX_BYTES:
        raise BankFileUnreadable(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB. Split it by days.")
    start = data.removeprefix(BYTE_ORDER_MARK).lstrip()
    if not start.startswith(b"<") and b"\0" not in data[:4]:
        return BankFile.of([*csv_file.lines(data, public_id)], first_day, last_day)
    lines, first, last = camt_file.read(data, public_id)
    return BankFile.of(lines, first_day or first, last_day or last)
