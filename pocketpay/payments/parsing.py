"""From raw text to what the rules understand. After this nobody parses again.

What cannot be parsed is refused here, before the key is looked at: such a request has no meaning to be repeated.
"""

import hashlib
from uuid import UUID

from pocketpay import money
from pocketpay.clearing.footprint import Key, ResultKind
from pocketpay.identity.usernames import canonical
from pocketpay.money import Money
from pocketpay.text.lines import fits_line, has_visible_character
from pocketpay.transactions.errors import InvalidAmount, InvalidInput

LONGEST_DESCRIPTION = 500
LONGEST_BANK_NAME = 100
LONGEST_LABEL = 50
LONGEST_MERCHANT = 100
KEY_LENGTH = (8, 255)


def parse_amount(raw_amount: str, currency: str, field: str = "amount") -> Money:
    """The amount in that currency. Raises InvalidAmount."""
    try:
        return money.parse(raw_amount, currency)
    except (money.MalformedAmount, money.AmountOutOfRange) as wrong:
        raise InvalidAmount(str(wrong), field) from None


def parse_limit(raw_limit: str | None, currency: str, field: str) -> Money | None:
    """A limit of a card, None where there is to be none. Raises InvalidAmount."""
    return None if raw_limit is None else parse_amount(raw_limit, currency, field)


def parse_description(raw_description: str) -> str:
    """What the payment is for: one line, trimmed, 1 to 500 characters. Raises InvalidInput."""
    return _line("description", raw_description, LONGEST_DESCRIPTION)


def parse_transfer_description(raw_description: str) -> str:
    """What a transfer is for, by the same rules; "" where nothing was written. Raises InvalidInput."""
    return parse_description(raw_description) if raw_description.strip() else ""


def parse_reason(raw_reason: str) -> str:
    """Why money is given back, or an operator acts: one line, trimmed, 1 to 500 characters. Raises InvalidInput."""
    return _line("reason", raw_reason, LONGEST_DESCRIPTION)


def parse_bank_name(raw_bank_name: str) -> str:
    """A bank's name: one line, trimmed, 1 to 100 characters. Raises InvalidInput."""
    return _line("bankName", raw_bank_name, LONGEST_BANK_NAME)


def parse_label(raw_label: str) -> str:
    """What its owner calls a card: one line, trimmed, 1 to 50 characters. Raises InvalidInput."""
    return _line("label", raw_label, LONGEST_LABEL)


def parse_merchant(raw_merchant: str) -> str:
    """Where a card pays: one line, trimmed, 1 to 100 characters. Raises InvalidInput."""
    return _line("merchant", raw_merchant, LONGEST_MERCHANT)


def parse_setting(raw_value: str) -> str:
    """A setting's value as the environment writes it: one line, trimmed, 1 to 500 characters. Raises InvalidInput."""
    return _line("value", raw_value, LONGEST_DESCRIPTION)


def parse_recipient(raw_to: str) -> str:
    """The username meant, with or without "@", in its one spelling; what is no username is nobody's."""
    return canonical(raw_to) or ""


def parse_key(
    raw_key: str,
    wallet_id: UUID,
    operation: str,
    *parsed: str | Money,
    result_kind: ResultKind = ResultKind.TRANSACTIONS,
) -> Key:
    """The idempotency key, and the fingerprint of what it stands for. Raises InvalidInput."""
    fewest, most = KEY_LENGTH
    if not fewest <= len(raw_key) <= most:
        raise InvalidInput("idempotencyKey", f"must have {fewest} to {most} characters")
    if not raw_key.strip():
        raise InvalidInput("idempotencyKey", "must not be blank")
    if not fits_line(raw_key):
        raise InvalidInput("idempotencyKey", "must not have characters that cannot be stored")
    said = [operation, *(f"{part.minor} {part.currency}" if isinstance(part, Money) else part for part in parsed)]
    return Key(wallet_id, raw_key, operation, hashlib.sha256("\x1f".join(said).encode()).digest(), result_kind)


def _line(field: str, raw: str, longest: int) -> str:
    text = raw.strip()
    if not text:
        raise InvalidInput(field, "must not be empty")
    if len(text) > longest:
        raise InvalidInput(field, f"must have at most {longest} characters")
    if not fits_line(text):
        raise InvalidInput(field, "must not have control characters or characters that cannot be stored")
    if not has_visible_character(text):
        raise InvalidInput(field, "must have at least one visible character")
    return text
