"""Amounts at Stripe are exact, or refused, in every currency that a wallet can have."""

import iso4217
import pytest

from pocketpay.banking.stripe.amounts import (
    THREE_DECIMALS,
    WHOLE_PAYOUTS,
    WHOLE_UNITS,
    ZERO_DECIMALS,
    AmountRefused,
    decimals,
    from_stripe,
    to_stripe,
)
from pocketpay.banking.stripe.linking import METHODS, PAYOUT_CURRENCIES
from pocketpay.money import Money, currency


def _held() -> list[str]:
    codes: list[str] = []
    for one in iso4217.Currency:
        try:
            codes.append(currency(one.code).code)
        except LookupError:
            continue
    return codes


HELD = _held()


def test_every_currency_keeps_its_value_or_is_refused() -> None:
    assert len(HELD) > 150
    for code in HELD:
        exponent = currency(code).exponent
        for minor in (1, 9, 10, 50, 99, 100, 12_345, 12_300):
            for payout in (False, True):
                try:
                    there = to_stripe(Money(minor, code), payout=payout)
                except AmountRefused:
                    assert exponent > decimals(code) or code in {*THREE_DECIMALS, *WHOLE_UNITS, *WHOLE_PAYOUTS}
                    continue
                assert there * 10**exponent == minor * 10 ** decimals(code), code
                assert from_stripe(there, code) == Money(minor, code)
        whole = Money(7 * 10**exponent, code)
        assert to_stripe(whole, payout=True) == 7 * 10 ** decimals(code)


@pytest.mark.parametrize(
    ("minor", "code", "payout", "expected"),
    [
        (1_250, "USD", False, 1_250),
        (500, "JPY", False, 500),
        (5, "ISK", False, 500),
        (5, "UGX", True, 500),
        (500, "MGA", False, 5),
        (520, "MGA", False, None),
        (5_120, "KWD", False, 5_120),
        (5_124, "KWD", False, None),
        (1_045, "HUF", False, 1_045),
        (1_045, "HUF", True, None),
        (1_000, "HUF", True, 1_000),
        (80_045, "TWD", True, None),
        (5, "IQD", False, None),
    ],
)
def test_the_special_cases_of_stripes_page(minor: int, code: str, payout: bool, expected: int | None) -> None:
    if expected is None:
        with pytest.raises(AmountRefused):
            to_stripe(Money(minor, code), payout=payout)
    else:
        assert to_stripe(Money(minor, code), payout=payout) == expected


def test_an_amount_of_stripe_that_has_no_unit_here_is_refused() -> None:
    with pytest.raises(AmountRefused):
        from_stripe(550, "ISK")


def test_the_table_has_only_currencies_that_a_wallet_can_have() -> None:
    for codes in (ZERO_DECIMALS, THREE_DECIMALS, WHOLE_UNITS, WHOLE_PAYOUTS, PAYOUT_CURRENCIES, METHODS):
        assert set(codes) <= set(HELD)
