"""Parses raw text into the values that the rules use. After this module nothing is parsed again.

Invalid input is refused here, before the idempotency key is used: a request that cannot be parsed stores no key.
"""

import hashlib
from uuid import UUID

from pocketpay import money
from pocketpay.clearing.footprint import Key, ResultKind
from pocketpay.identity.usernames import canonical
from pocketpay.money import Money
from pocketpay.text.lines import MAX_MARKS, fits_line, has_visible_character, stacks_marks
from pocketpay.transactions.errors import InvalidAmount, InvalidInput

MAX_DESCRIPTION_LENGTH = 500
MAX_BANK_NAME_LENGTH = 100
MAX_LABEL_LENGTH = 50
MAX_MERCHANT_LENGTH = 100
KEY_LENGTH = (8, 255)


def parse_amount(raw_amount: str, currency: str, field: str = "amount") -> Money:
    """Parses an amount in that currency. Raises InvalidAmount."""
    try:
        return money.parse(raw_amount, currency)
    except (money.MalformedAmount, money.AmountOutOfRange) as wrong:
        raise InvalidAmount(str(wrong), field) from None


def parse_limit(raw_limit: str | None, currency: str, field: str) -> Money | None:
    """Parses a card's limit; None is no limit. Raises InvalidAmount."""
    return None if raw_limit is None else parse_amount(raw_limit, currency, field)


def parse_description(raw_description: str) -> str:
    """Parses a description: one line, trimmed, 1 to 500 characters. Raises InvalidInput."""
    return _line("description", raw_description, MAX_DESCRIPTION_LENGTH)


def parse_transfer_description(raw_description: str) -> str:
    """Parses a transfer's description: "" if it is blank, else as `parse_description`. Raises InvalidInput."""
    return parse_description(raw_description) if raw_description.strip() else ""


def parse_reason(raw_reason: str) -> str:
    """Parses the reason of a refund or of an operator's action: one line, trimmed, 1 to 500 characters.

    Raises InvalidInput.
    """
    return _line("reason", raw_reason, MAX_DESCRIPTION_LENGTH)


def parse_bank_name(raw_bank_name: str) -> str:
    """Parses a bank's name: one line, trimmed, 1 to 100 characters. Raises InvalidInput."""
    return _line("bankName", raw_bank_name, MAX_BANK_NAME_LENGTH)


def parse_label(raw_label: str) -> str:
    """Parses a card's label: one line, trimmed, 1 to 50 characters. Raises InvalidInput."""
    return _line("label", raw_label, MAX_LABEL_LENGTH)


def parse_merchant(raw_merchant: str) -> str:
    """Parses a merchant's name: one line, trimmed, 1 to 100 characters. Raises InvalidInput."""
    return _line("merchant", raw_merchant, MAX_MERCHANT_LENGTH)


def parse_setting(raw_value: str) -> str:
    """Parses the value of a setting, in the form that the environment uses: one line, trimmed, 1 to 500 characters.

    Raises InvalidInput.
    """
    return _line("value", raw_value, MAX_DESCRIPTION_LENGTH)


def parse_recipient(raw_to: str) -> str:
    """Parses a username, with or without "@", into its canonical spelling; "" if it is not a valid username."""
    return canonical(raw_to) or ""


def parse_key(
    raw_key: str,
    wallet_id: UUID,
    operation: str,
    *parsed: str | Money,
    result_kind: ResultKind = ResultKind.TRANSACTIONS,
) -> Key:
    """Parses an idempotency key, and computes the fingerprint of the operation and its parsed input.

    Raises InvalidInput.
    """
    min_length, max_length = KEY_LENGTH
    if not min_length <= len(raw_key) <= max_length:
        raise InvalidInput("idempotencyKey", f"must have {min_length} to {max_length} characters")
    if not raw_key.strip():
        raise InvalidInput("idempotencyKey", "must not be blank")
    if not fits_line(raw_key):
        raise InvalidInput("idempotencyKey", "must not have characters that cannot be stored")
    values = [operation, *(f"{one.minor} {one.currency}" if isinstance(one, Money) else one for one in parsed)]
    return Key(wallet_id, raw_key, operation, hashlib.sha256("\x1f".join(values).encode()).digest(), result_kind)


def _line(field: str, raw: str, max_length: int) -> str:
    text = raw.strip()
    if not text:
        raise InvalidInput(field, "must not be empty")
    if len(text) > max_length:
        raise InvalidInput(field, f"must have at most {max_length} characters")
    if not fits_line(text):
        raise InvalidInput(field, "must not have control characters or characters that cannot be stored")
    if not has_visible_character(text):
        raise InvalidInput(field, "must have at least one visible character")
    if stacks_marks(text):
        raise InvalidInput(field, f"must have at most {MAX_MARKS} marks on one character")
    return text
