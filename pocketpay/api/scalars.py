"""The scalars of the schema, with strict input and exact output.

    Amount         decimal text. Input is a string or an integer literal and stays text, because parsing needs the
                   currency (`pocketpay.money.parse`). JSON floats, signs, exponents and spaces are refused.
    CurrencyCode   three capital letters of ISO 4217
    DateTime       RFC 3339. Output is always UTC with "Z"; input must have an offset.

Input that is not valid raises MalformedValue. The request then gets BAD_USER_INPUT, and no error repeats the value.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NewType

import strawberry
from graphql import GraphQLError, IntValueNode, StringValueNode, ValueNode
from strawberry.types.scalar import ScalarDefinition

from pocketpay.money import AMOUNT_SHAPE, currency, format_minor


class MalformedValue(ValueError):
    """A value is not valid for its scalar. The message says what a valid value looks like and never repeats the
    value."""


class MalformedAmount(MalformedValue):
    """A value is not a valid Amount. The message describes an amount in `currency`, or in any currency when it is
    None."""

    def __init__(self, currency: str | None = None) -> None:
        super().__init__(_amount_message(currency))


def _amount_message(code: str | None) -> str:
    if code is None:
        return 'An Amount is decimal text like "12.50", with no more digits after the point than its currency has.'
    exponent = currency(code).exponent
    if exponent == 0:
        return f'An Amount in {code} is decimal text like "1250", without a point.'
    example = format_minor(125 * 10 ** (exponent - 1), exponent)
    return f'An Amount in {code} is decimal text like "{example}", with at most {exponent} digits after the point.'


Amount = NewType("Amount", str)
CurrencyCode = NewType("CurrencyCode", str)

_CURRENCY_SHAPE = re.compile(r"[A-Z]{3}", re.ASCII)
_MOMENT_SHAPE = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})",
    re.ASCII,
)


def amount_from(value: object) -> Amount:
    """The value as the text of an amount. Raises MalformedAmount when it does not have the shape of an amount."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**13:
        value = str(value)
    if not isinstance(value, str) or AMOUNT_SHAPE.fullmatch(value) is None:
        raise MalformedAmount
    return Amount(value)


def amount_from_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Amount:
    """The amount in a literal of a document: "12.50" or 12, not 12.5. Raises MalformedAmount."""
    if not isinstance(node, StringValueNode | IntValueNode):
        raise MalformedAmount
    return amount_from(node.value)


def currency_from(value: object) -> CurrencyCode:
    """The value as a currency code. Raises MalformedValue. It does not check whether this server serves the currency;
    the packages below do."""
    if not isinstance(value, str) or _CURRENCY_SHAPE.fullmatch(value) is None:
        raise MalformedValue('A CurrencyCode is three capital letters of ISO 4217, like "USD".')
    return CurrencyCode(value)


def moment_from(value: object) -> datetime:
    """Parses a time in RFC 3339 format to an aware datetime in UTC. Raises MalformedValue."""
    if isinstance(value, str) and len(value) <= 40 and _MOMENT_SHAPE.fullmatch(value) is not None:
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise MalformedValue('A DateTime is RFC 3339 with an offset, like "2026-11-22T18:30:00Z".')


def moment_text(moment: datetime) -> str:
    """Formats a time as RFC 3339 in UTC with microseconds: "2026-11-22T18:30:00.000000Z"."""
    if moment.tzinfo is None:
        raise GraphQLError("a naive time reached the schema")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


SCALARS: Mapping[object, ScalarDefinition] = {
    Amount: strawberry.scalar(
        name="Amount",
        description=(
            'An exact amount of money as decimal text with exactly the currency\'s digits: "12.50" in USD, "1250" '
            "in JPY. Input takes a string or an integer literal; floats, signs, exponents and spaces are refused."
        ),
        specified_by_url="https://www.iso.org/iso-4217-currency-codes.html",
        serialize=str,
        parse_value=amount_from,
        parse_literal=amount_from_literal,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode",
        description='A currency as its ISO 4217 code: three capital letters, like "USD".',
        specified_by_url="https://www.iso.org/iso-4217-currency-codes.html",
        serialize=str,
        parse_value=currency_from,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description='A time in RFC 3339 format. Output is always UTC and ends in "Z"; input must have an offset.',
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=moment_text,
        parse_value=moment_from,
    ),
}
