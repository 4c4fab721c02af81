"""The fee of a withdrawal, compared with an independent calculation in decimals."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pocketpay.money import Money
from pocketpay.payments.fees import Speed, speed_of, withdrawal_fee
from pocketpay.settings import Settings, basis_points
from tests.people import made

AMOUNTS = some.integers(1, 10**13)


@given(AMOUNTS, some.integers(0, 10_000))
def test_an_instant_fee_is_rounded_half_up_and_at_least_one_minor_unit(minor: int, bps: int) -> None:
    exact = Decimal(minor) * bps / 10_000
    expected = max(int(exact.quantize(Decimal(1), ROUND_HALF_UP)), 1)
    assert withdrawal_fee(Money(minor, "USD"), Speed.INSTANT, instant_bps=bps) == Money(expected, "USD")


@given(AMOUNTS, some.integers(0, 10_000))
def test_a_withdrawal_with_a_fee_is_instant_and_one_without_a_fee_is_standard(minor: int, bps: int) -> None:
    for speed in Speed:
        fee = withdrawal_fee(Money(minor, "USD"), speed, instant_bps=bps)
        assert speed_of(fee) is speed
        assert (fee == Money(0, "USD")) is (speed is Speed.STANDARD)


@given(some.integers(0, 10_000))
def test_a_percentage_is_parsed_into_exact_basis_points(bps: int) -> None:
    text = str(Decimal(bps) / 100)
    assert basis_points("FEE", text) == bps
    assert basis_points("FEE", f" {Decimal(bps) / 100:.4f} ") == bps


@pytest.mark.parametrize(
    "text",
    [
        "",
        "free",
        "-1",
        "+1",
        "1e1",
        "1.505",
        "0.001",
        "100.01",
        "1000",
        ".5",
        "1.",
        "1,5",
        "1_0",
        "NaN",
        "１",
        "1.5%",
    ],
)
def test_an_invalid_percentage_is_a_settings_error_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"INSTANT_WITHDRAWAL_FEE_PERCENT: .* like 1\.5"):
        made(instant_withdrawal_fee_percent=text)


def test_the_default_fee_is_one_and_a_half_percent() -> None:
    settings: Settings = made()
    assert settings.instant_withdrawal_fee_bps == 150
    assert withdrawal_fee(Money(3_333, "USD"), Speed.INSTANT, instant_bps=150) == Money(50, "USD")
    assert withdrawal_fee(Money(100, "USD"), Speed.INSTANT, instant_bps=150) == Money(2, "USD")
    assert withdrawal_fee(Money(1, "USD"), Speed.INSTANT, instant_bps=150) == Money(1, "USD")
