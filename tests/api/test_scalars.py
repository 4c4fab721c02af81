"""How the custom scalars are parsed and formatted."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from graphql import FloatValueNode, IntValueNode, StringValueNode
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.api.scalars import (
    MalformedValue,
    amount_from,
    amount_from_literal,
    currency_from,
    moment_from,
    moment_text,
)


@pytest.mark.parametrize("value", ["0", "12.50", "1250", "0.001", "9999999999999", 12, 0])
def test_an_amount_is_parsed_into_its_text(value: object) -> None:
    assert amount_from(value) == str(value)


@pytest.mark.parametrize(
    "value",
    ["", " 1", "1 ", "+1", "-1", "1e3", "1.", ".5", "1.0000", "1,00", "NaN", "Infinity", "１２", "1_0", "0x1", "1\n",
     "1\0", "12345678901234", 1.5, 1.0, -1, True, None, [], {}, 10**13, 10**400],
)  # fmt: skip
def test_any_other_value_is_not_an_amount(value: object) -> None:
    with pytest.raises(MalformedValue):
        amount_from(value)


def test_an_amount_is_a_string_or_an_integer_literal() -> None:
    assert amount_from_literal(StringValueNode(value="1.50")) == "1.50"
    assert amount_from_literal(IntValueNode(value="15")) == "15"
    for node in (FloatValueNode(value="1.5"), IntValueNode(value="-1"), StringValueNode(value="1e3")):
        with pytest.raises(MalformedValue):
            amount_from_literal(node)


@given(st.text())
def test_only_digits_and_a_point_are_accepted_as_an_amount(text: str) -> None:
    try:
        amount_from(text)
    except MalformedValue:
        return
    assert text.isascii()
    assert set(text) <= set("0123456789.")


@pytest.mark.parametrize("value", ["usd", "US", "USDX", "ÜSD", "", 840, None])
def test_a_currency_code_is_three_capital_letters(value: object) -> None:
    assert currency_from("JPY") == "JPY"
    with pytest.raises(MalformedValue):
        currency_from(value)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T18:30:00Z", datetime(2026, 11, 22, 18, 30, tzinfo=UTC)),
        ("2026-11-22t18:30:00.5z", datetime(2026, 11, 22, 18, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-11-22T20:30:00+02:00", datetime(2026, 11, 22, 18, 30, tzinfo=UTC)),
    ],
)
def test_a_date_time_is_parsed_with_its_offset(text: str, moment: datetime) -> None:
    assert moment_from(text) == moment


@pytest.mark.parametrize(
    "value",
    ["2026-11-22", "2026-11-22T18:30:00", "2026-11-22 18:30:00Z", "2026-13-22T18:30:00Z", "2026-11-22T18:30Z",
     "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "20261122T183000Z", "２026-11-22T18:30:00Z", 1, None,
     "Z" * 99],
)  # fmt: skip
def test_any_other_value_is_not_a_date_time(value: Any) -> None:
    with pytest.raises(MalformedValue):
        moment_from(value)


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)))  # noqa: DTZ001 - gets an offset below
def test_a_date_time_is_the_same_after_formatting_and_parsing(naive: datetime) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(hours=5)))
    assert moment_text(moment).endswith("Z")
    assert moment_from(moment_text(moment)) == moment
