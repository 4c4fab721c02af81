"""Money as a setting writes it: one number for every currency served, or one for each.

100.00                   that number in every currency
USD:100.00,JPY:15000     each one by its code
"""

from typing import Annotated, Final

from pydantic.fields import FieldInfo

from pocketpay import money
from pocketpay.money import Money

_MONEY: Final = object()

MoneySetting = Annotated[str, _MONEY]
"""The type of a setting that is money: it must name an amount for every currency served."""


def is_money(field: FieldInfo) -> bool:
    """Whether that setting is money."""
    return any(mark is _MONEY for mark in field.metadata)


def money_setting(name: str, text: str, codes: tuple[str, ...]) -> dict[str, Money]:
    """Reads `100.00` or `USD:100.00,JPY:15000` into one amount for each served currency; zero is allowed.

    Raises ValueError with a sentence when a number does not fit its currency or a served one is not named.
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
            raise ValueError(f"{name}: {part.strip()!r} is not one more currency with its amount, like USD:100.00")
        numbers[code.strip().upper()] = number.strip()
    return numbers


def _amount_or_zero(name: str, number: str, code: str) -> Money:
    exact = number
    if money.AMOUNT_SHAPE.fullmatch(number) and "." in number:
        exact = number.rstrip("0").rstrip(".")  # 100.00 is a hundred yen too: the same number in every currency
    if exact.isascii() and exact.isdigit() and not exact.strip("0"):
        return Money(0, code)
    try:
        return money.parse(exact, code)
    except (money.MalformedAmount, money.AmountOutOfRange) as wrong:
        raise ValueError(f"{name}: {number!r} is not a valid amount in {code}: {wrong}") from wrong
