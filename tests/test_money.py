"""Money is exact: only percentages are rounded, and currencies do not mix."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay import money
from pocketpay.money import MAX_MAJOR, AmountOutOfRange, CurrenciesDiffer, MalformedAmount, Money, format_minor, parse

EXPONENTS = {"JPY": 0, "USD": 2, "KWD": 3}

codes = st.sampled_from(sorted(EXPONENTS))
minors = st.integers(min_value=1, max_value=MAX_MAJOR)
any_minors = st.integers(min_value=-(2**63), max_value=2**63 - 1)


def test_currencies_have_the_exponents_of_iso_4217() -> None:
    assert {code: money.currency(code).exponent for code in EXPONENTS} == EXPONENTS


@pytest.mark.parametrize("code", ["XXX", "XAU", "CLF", "usd", "US", "USDT", "", "$", "ＵＳＤ", "US\x00"])
def test_a_code_that_is_not_a_currency_of_wallets_is_refused(code: str) -> None:
    with pytest.raises(LookupError):
        money.currency(code)


@given(minors, codes)
def test_a_formatted_amount_is_parsed_back_to_the_same_value(minor: int, code: str) -> None:
    amount = Money(minor, code)
    assert parse(str(amount), code) == amount


@given(any_minors, st.sampled_from((0, 2, 3)))
def test_a_formatted_amount_has_exactly_its_currencys_decimals(minor: int, exponent: int) -> None:
    text = format_minor(minor, exponent)
    assert Decimal(text) == Decimal(minor).scaleb(-exponent)
    assert len(text.partition(".")[2]) == exponent
    assert text.isascii()
    assert not text.startswith("-0") or minor < 0


@given(st.from_regex(r"[0-9]{1,13}(\.[0-9]{1,3})?", fullmatch=True), codes)
def test_a_well_formed_amount_is_exact_or_out_of_range(text: str, code: str) -> None:
    exact = Decimal(text).scaleb(EXPONENTS[code])
    decimals = len(text.partition(".")[2])
    if decimals > EXPONENTS[code] or not 0 < Decimal(text) <= MAX_MAJOR:
        with pytest.raises(AmountOutOfRange):
            parse(text, code)
    else:
        assert parse(text, code) == Money(int(exact), code)


REFUSED = (
    *("", " ", "1 ", " 1", "1\n", "\t1", "1\u00a0", "1 000", "1,000", "1,5", "1_000", "1'000"),
    *("-1", "+1", "−1", "--1", "1-", "(1)"),
    *("1e3", "1E3", "1e-2", "0x10", "0b1", "0o7", "1.", ".5", ".", "1..2", "1.2.3", "1.2345"),
    *("NaN", "nan", "sNaN", "inf", "Infinity", "-Infinity", "None", "true"),
    *("１２", "１.5", "1．5", "٣", "१", "²", "½", "1２", "𝟏"),
    *("$1", "1 USD", "USD 1", "1€", "1\x00", "\ufeff1", "\u200b1", "1\u0660", "12345678901234", "9" * 100),
)


@pytest.mark.parametrize("text", REFUSED)
def test_a_text_that_is_not_an_amount_is_malformed(text: str) -> None:
    with pytest.raises(MalformedAmount):
        parse(text, "USD")


@given(st.text(max_size=20), codes)
def test_any_text_is_parsed_as_an_amount_or_refused(text: str, code: str) -> None:
    try:
        amount = parse(text, code)
    except (MalformedAmount, AmountOutOfRange):
        return
    assert text.isascii()
    assert Decimal(text) == Decimal(str(amount))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0", "USD"),
        ("0.00", "USD"),
        ("0.001", "USD"),
        ("1.000", "USD"),
        ("1.0", "JPY"),
        ("10000000000.01", "USD"),
        ("10000000001", "JPY"),
        ("9999999999999", "KWD"),
    ],
)
def test_an_amount_that_cannot_be_moved_is_out_of_range(text: str, code: str) -> None:
    with pytest.raises(AmountOutOfRange):
        parse(text, code)


@pytest.mark.parametrize(("code", "minor"), [("JPY", 10**10), ("USD", 10**12), ("KWD", 10**13)])
def test_the_largest_amount_is_accepted(code: str, minor: int) -> None:
    assert parse("10000000000", code) == Money(minor, code)


@given(st.integers(min_value=0, max_value=2**63 - 1), st.integers(min_value=0, max_value=10_000))
def test_a_percentage_is_rounded_half_up_to_the_minor_unit(minor: int, basis_points: int) -> None:
    exact = Decimal(minor) * basis_points / 10_000
    expected = exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)
    assert Money(minor, "USD").percent(basis_points) == Money(int(expected), "USD")


@pytest.mark.parametrize(
    ("minor", "basis_points", "expected"),
    [(100, 150, 2), (33, 150, 0), (34, 150, 1), (10_000, 150, 150), (1, 10_000, 1), (1, 4_999, 0), (1, 5_000, 1)],
)
def test_half_a_minor_unit_is_rounded_up(minor: int, basis_points: int, expected: int) -> None:
    assert Money(minor, "USD").percent(basis_points).minor == expected


@given(any_minors, st.integers(min_value=1, max_value=200))
def test_shares_sum_to_the_whole_and_the_first_ones_are_at_most_one_unit_larger(minor: int, ways: int) -> None:
    shares = [share.minor for share in Money(minor, "USD").split(ways)]
    assert len(shares) == ways
    assert sum(shares) == minor
    assert max(shares) - min(shares) <= 1
    assert shares == sorted(shares, reverse=True)


def test_ten_dollars_split_among_three_are_334_333_and_333_cents() -> None:
    assert [str(share) for share in Money(1_000, "USD").split(3)] == ["3.34", "3.33", "3.33"]


@pytest.mark.parametrize("ways", [0, -1])
def test_money_cannot_be_split_among_fewer_than_one(ways: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Money(100, "USD").split(ways)


@given(any_minors, any_minors)
def test_sums_and_differences_are_computed_from_the_minor_units(one: int, other: int) -> None:
    here, there = Money(one, "USD"), Money(other, "USD")
    assert here + there == Money(one + other, "USD")
    assert here - there == here + -there
    assert (here < there, here <= there) == (one < other, one <= other)


def test_two_currencies_cannot_be_added_or_compared() -> None:
    here, there = Money(1, "USD"), Money(1, "EUR")
    for meeting in (
        lambda: here + there,
        lambda: here - there,
        lambda: here < there,
        lambda: here <= there,
        lambda: here > there,
        lambda: here >= there,
        lambda: max(here, there),
        lambda: sorted([here, there]),
    ):
        with pytest.raises(CurrenciesDiffer):
            meeting()
    assert here != there


@pytest.mark.parametrize("other", [1, 1.0, Decimal(1), "1", None])
def test_money_cannot_be_added_to_other_types(other: object) -> None:
    with pytest.raises((TypeError, AttributeError)):
        Money(1, "USD") + other  # type: ignore[operator]


def test_money_is_immutable() -> None:
    with pytest.raises(AttributeError):
        Money(1, "USD").minor = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        ("1,5", "USD", "must be decimal digits, with at most 2 decimals in USD"),
        ("1,5", "JPY", "must be decimal digits, with no decimals in JPY"),
        ("1.234", "USD", "must have at most 2 decimals in USD"),
        ("1.5", "JPY", "must have no decimals in JPY"),
        ("0", "KWD", f"must be greater than zero and at most {MAX_MAJOR} KWD"),
    ],
)
def test_the_error_of_a_refused_amount_says_what_an_amount_must_be(text: str, code: str, sentence: str) -> None:
    with pytest.raises((MalformedAmount, AmountOutOfRange)) as refused:
        parse(text, code)
    assert str(refused.value) == sentence
