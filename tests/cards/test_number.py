"""Card numbers: in a range that no issuer uses, with a valid check digit, and never shown by a text form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.cards import number
from pocketpay.cards.number import LENGTH, check_digit

DIGITS = "0123456789"


def luhn_valid(number_: str) -> bool:
    """The Luhn check: from the right every second digit is doubled, minus nine when that is above nine.

    A number is valid when the sum of the digits is divisible by ten.
    """
    total = 0
    for place, digit in enumerate(reversed(number_)):
        value = int(digit)
        if place % 2:
            value *= 2
            if value > 9:
                value -= 9
        total += value
    return total % 10 == 0


@pytest.mark.parametrize("known", ["4242424242424242", "378282246310005", "6011000990139424", "79927398713"])
def test_the_check_digit_matches_well_known_numbers(known: str) -> None:
    assert check_digit(known[:-1]) == known[-1]


@given(st.text(DIGITS, min_size=1, max_size=30))
def test_exactly_one_check_digit_makes_a_number_valid(body: str) -> None:
    assert [digit for digit in DIGITS if luhn_valid(body + digit)] == [check_digit(body)]


@given(st.integers(0, 10**9 - 1), st.integers(0, 999))
def test_every_number_is_in_a_range_that_no_issuer_uses(account: int, code: int) -> None:
    drawn = iter((account, code))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("secrets.randbelow", lambda below: min(next(drawn), below - 1))
        made = number.new()
    assert len(made.number) == LENGTH == 16
    assert set(made.number) <= set(DIGITS)
    assert made.number.startswith("9999"), "the country code 999 is never assigned"
    assert int(made.number[6:15]) == account
    assert luhn_valid(made.number)
    assert (len(made.security_code), int(made.security_code)) == (3, code)
    assert made.last4 == made.number[-4:]


def test_random_digits_come_from_the_secrets_module(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[int] = []

    def randbelow(below: int) -> int:
        limits.append(below)
        return 0

    monkeypatch.setattr("secrets.randbelow", randbelow)
    number.new()
    assert limits == [10**9, 10**3], "every account and every code"


def test_a_thousand_numbers_are_nearly_all_different() -> None:
    assert len({number.new().number for _ in range(1_000)}) > 990


def test_the_text_of_card_secrets_contains_neither_the_number_nor_the_code() -> None:
    made = number.new()
    for shown in (repr(made), str(made), f"{made}", repr([made]), repr(ValueError(made)), repr({"made": made})):
        assert made.number not in shown
        assert made.number[:12] not in shown
        assert shown.count(made.security_code) == 0
