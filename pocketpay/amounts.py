"""The format of money in settings: one number for all served currencies, or one amount for each currency.

100.00                   the same number in every currency
USD:100.00,JPY:15000     an amount for each currency code
"""

from typing import Annotated, Final

from pydantic.fields import FieldInfo

from pocketpay import money
from pocketpay.money import Money

_MONEY: Final = object()

MoneySetting = Annotated[str, _MONEY]
"""The type of a money setting. Its value must have an amount for every served currency."""


def is_money(field: FieldInfo) -> bool:
    """Whether the field is a money setting."""
    return any(mark is _MONEY for mark in field.metadata)


def money_setting(name: str, text: str, codes: tuple[str, ...]) -> dict[str, Money]:
    """Parses `100.00` or `USD:100.00,JPY:15000` into one amount for each served currency code. Zero is allowed.

    Raises ValueError with a sentence when a number is not valid in its currency, or a served currency is missing.
    """
    numbers = _numbers(name, text, codes)
    missing = [code for code in codes if code not in numbers]
    if missing:
        raise ValueError(f"{name} has no amount for {', '.join(missing)}; write it like USD:100.00,JPY:15000")
    return {code: _amount_or_zero(name, numbers[code], code) for code in codes}


def _numbers(name: str, text: str, codes: tuple[str, ...]) -> dict[str, str]:
    if ":" not in text:
        return dict.fromkeys(codes, text.strip())
    numbers: dict[str, str] = {}
    for part in text.split(","):
        code, colon, number = part.partition(":")
        if not colon or code.strip().upper() in numbers:
            raise ValueError(f"{name}: {part.strip()!r} is not a further currency with its amount, like USD:100.00")
        numbers[code.strip().upper()] = number.strip()
    return numbers


def _amount_or_zero(name: str, number: str, code: str) -> Money:
    exact = number
    if money.AMOUNT_SHAPE.fullmatch(number) and "." in number:
        exact = number.rstrip("0").rstrip(".")  # "100.00" must be valid in JPY too, as 100 yen
    if exact.isascii() and exact.isdigit() and not exact.strip("0"):
        return Money(0, code)
    try:
        return money.parse(exact, code)
    except (money.MalformedAmount, money.AmountOutOfRange) as wrong:
        raise ValueError(f"{name}: {number!r} is not a valid amount in {code}: {wrong}") from wrong
