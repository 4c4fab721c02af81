"""Parses the values in a bank's file: amounts, days and references. Each problem is a sentence for the line."""

import re
from collections.abc import Callable
from datetime import date
from uuid import UUID

from pocketpay import money
from pocketpay.money import Money
from pocketpay.reconciliation.bank_file import MAX_REFERENCE
from pocketpay.reconciliation.errors import BankFileUnreadable
from pocketpay.text.lines import fits_line

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
UUID_FORM = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)

PublicId = Callable[[str], UUID | None]
"""Returns the UUID in a transaction's id as clients see it, or None when the text is no such id."""


def amount(text: str, currency: str, line: int) -> Money:
    """Parses a positive amount. Zeros after the currency's last decimal are allowed."""
    currency_of(currency, line)
    plain = text.rstrip("0").rstrip(".") if "." in text else text
    try:
        return money.parse(plain, currency)
    except (money.MalformedAmount, money.AmountOutOfRange) as wrong:
        raise BankFileUnreadable(f"the amount {shown(text)} {wrong}.", line) from None


def signed_amount(text: str, currency: str, line: int) -> Money:
    """Parses an amount that has a minus sign when money went out."""
    return -amount(text[1:], currency, line) if text.startswith("-") else amount(text, currency, line)


def currency_of(code: str, line: int) -> str:
    """Returns the code of a currency."""
    try:
        return money.currency(code).code
    except LookupError:
        raise BankFileUnreadable(f"{shown(code)} is not the code of a currency.", line) from None


def day(text: str, line: int) -> date:
    """Parses a date like 2026-11-28."""
    try:
        if DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise BankFileUnreadable(f"the date {shown(text)} must be a day like 2026-11-28.", line)


def reference(text: str, public_id: PublicId, line: int) -> tuple[str | None, UUID | None]:
    """Returns the reference and the transaction that it names; (None, None) for an empty text.

    Banks change the case and the hyphens of a UUID, and cut a text after 35 characters: the 32 digits of a UUID
    always fit.
    """
    if len(text) > MAX_REFERENCE:
        raise BankFileUnreadable(f"the reference has more than {MAX_REFERENCE} characters.", line)
    if not fits_line(text):
        raise BankFileUnreadable("the reference has characters that cannot be stored.", line)
    if not text:
        return None, None
    return text, UUID(text) if UUID_FORM.fullmatch(text) else public_id(text)


def shown(text: str) -> str:
    """Returns the text as a message shows it: in quotes, and cut after 40 characters."""
    return repr(text if len(text) <= 40 else text[:40] + "…")
