"""Money: an integer number of minor units in one currency. No float, no Decimal.

    Money(1250, "USD")      12.50 US dollars
    parse("12.50", "USD")   parses text; never rounds: text that does not fit the currency raises
    str(Money(1250, "USD")) formats with exactly the currency's digits ("12.50" in USD, "1250" in JPY)

Adding or comparing amounts of two currencies raises CurrenciesDiffer.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import iso4217

from pocketpay.errors import PocketPayError
from pocketpay.quick_init import quick_init

MAX_MAJOR = 10_000_000_000
"""The largest amount of one payment, in major units. It is far above any real balance. In minor units it
fits in 64 bits."""

AMOUNT_SHAPE = re.compile(r"(\d{1,13})(?:\.(\d{1,3}))?", re.ASCII)
"""The shape of an amount in text: ASCII digits, at most three decimals; no sign, exponent, space or underscore."""


class MalformedAmount(PocketPayError):
    """The text does not have the shape of an amount."""


class AmountOutOfRange(PocketPayError):
    """A well-shaped amount that is zero, has more decimals than the currency, or is above the maximum."""


class CurrenciesDiffer(PocketPayError):
    """Two amounts of different currencies were added or compared."""


@dataclass(frozen=True, slots=True)
class Currency:
    """An ISO 4217 currency: code, English name, and how many digits its minor unit has (USD 2, JPY 0, KWD 3)."""

    code: str
    name: str
    exponent: int


@lru_cache(maxsize=512)
def currency(code: str) -> Currency:
    """The ISO 4217 currency with this alphabetic code.

    Raises LookupError when there is none, or when its minor unit has more than three digits or is not defined.
    """
    try:
        iso = iso4217.Currency(code)
    except ValueError:
        iso = None
    if iso is None or iso.exponent is None or iso.exponent > 3:
        raise LookupError(f"{code!r} is not an ISO 4217 currency that can be held")
    return Currency(code, iso.currency_name, iso.exponent)


@quick_init
@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency in minor units. A debit is negative."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._require_same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._require_same_currency(other)
        return self.minor < other.minor

    def __le__(self, other: "Money") -> bool:
        self._require_same_currency(other)
        return self.minor <= other.minor

    def __str__(self) -> str:
        return format_minor(self.minor, currency(self.currency).exponent)

    def percent(self, basis_points: int) -> "Money":
        """Returns this percentage of the amount, rounded half up to the minor unit. 150 basis points are 1.5 %."""
        return Money((self.minor * basis_points + 5_000) // 10_000, self.currency)

    def split(self, ways: int) -> "list[Money]":
        """Splits the amount into `ways` shares with exactly this sum. The first shares get one minor unit more each
        when there is a remainder."""
        if ways < 1:
            raise ValueError("an amount is split into at least one share")
        share, remainder = divmod(self.minor, ways)
        return [Money(share + (n < remainder), self.currency) for n in range(ways)]

    def _require_same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrenciesDiffer(f"{self.currency} and {other.currency} cannot be added or compared")


def format_minor(minor: int, exponent: int) -> str:
    """Formats minor units as a decimal string with exactly `exponent` digits after the point."""
    if exponent == 0:
        return str(minor)
    sign = "-" if minor < 0 else ""
    whole, part = divmod(abs(minor), 10**exponent)
    return f"{sign}{whole}.{part:0{exponent}d}"


def parse(text: str, code: str) -> Money:
    """Parses a positive amount in the currency `code`, without rounding.

    Raises MalformedAmount when the text does not have the shape of an amount. Raises AmountOutOfRange when the amount
    is zero, has more decimals than the currency, or is above MAX_MAJOR.
    """
    shape = AMOUNT_SHAPE.fullmatch(text)
    exponent = currency(code).exponent
    if shape is None:
        raise MalformedAmount(f"must be decimal digits, with {_decimals(exponent)} in {code}")
    whole, part = shape.group(1), shape.group(2) or ""
    if len(part) > exponent:
        raise AmountOutOfRange(f"must have {_decimals(exponent)} in {code}")
    minor = int(whole + part.ljust(exponent, "0"))
    if not 0 < minor <= MAX_MAJOR * 10**exponent:
        raise AmountOutOfRange(f"must be greater than zero and at most {MAX_MAJOR} {code}")
    return Money(minor, code)


def _decimals(exponent: int) -> str:
    return f"at most {exponent} decimals" if exponent else "no decimals"
