"""Pasted phone numbers and usernames are read as they are displayed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.api.operations.customer_query import customer_query
from pocketpay.identity.contacts import email_address, phone_number
from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.usernames import canonical, chosen
from pocketpay.importing.phone import from_supabase
from pocketpay.payments.parsing import parse_amount, parse_recipient
from pocketpay.text.pasted import dialled, trimmed
from pocketpay.transactions.errors import InvalidAmount

NUMBER = "+12025550123"
MARKS = "\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\u061c"
SPACES = " \u00a0\u2007\u2009\u202f\u3000"
HYPHENS = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"
ZEROS = "0٠۰०０𝟎"


@pytest.mark.parametrize(
    "typed",
    [
        "\u202a+1 202-555-0123\u202c",
        "\u202d+1 (202) 555-0123\u202c",
        "\u2068+1\u00a0202\u00a0555\u00a00123\u2069",
        "\ufeff+1 202 555 0123\u200b",
        "+1\u2011202\u2011555\u20110123",
        "+1 202 – 555 — 0123",
        "+1−202−555−0123",
        "＋１２０２５５５０１２３",
        "＋１（２０２）５５５－０１２３",
        "+١٢٠٢٥٥٥٠١٢٣",
        "\u200f+۱ ۲۰۲ ۵۵۵ ۰۱۲۳\u200f",
        "\u2066+1\u2069 \u2066202\u2069 5550123",
        "+1 202 555\u00ad0123",
    ],
)
def test_a_pasted_phone_number_is_read_as_displayed(typed: str) -> None:
    assert phone_number(typed) == NUMBER
    assert customer_query(typed).phone == NUMBER
    assert from_supabase(typed, None) == NUMBER


@given(st.data())
def test_marks_spaces_hyphens_and_scripts_do_not_change_a_phone_number(data: st.DataObject) -> None:
    drawn = ""
    for char in NUMBER:
        drawn += data.draw(st.text(MARKS + SPACES + (HYPHENS if drawn.strip(MARKS + SPACES) else ""), max_size=1))
        drawn += chr(ord(data.draw(st.sampled_from(ZEROS))) + int(char)) if char.isdigit() else char
    assert phone_number(drawn) == NUMBER


def test_an_imported_phone_number_without_a_plus_is_read() -> None:
    assert from_supabase("\u202a12025550123\u202c", None) == NUMBER


@pytest.mark.parametrize(
    "typed",
    ["+1 202 555 012③", "+1 202 555 012²", "+1;202;5550123", "+1\x00202 5550123", "１²", "\u202e+12025550123"],
)
def test_characters_that_are_not_digits_are_refused(typed: str) -> None:
    with pytest.raises(InvalidProfile):
        phone_number(typed)


@given(st.text(max_size=60))
def test_any_text_is_read_as_at_most_one_phone_number(text: str) -> None:
    assert dialled(dialled(text)) == dialled(text)


@pytest.mark.parametrize("before", ["", " ", "\u202a", "\u2068 ", "\ufeff", "\u00a0\u200b"])
@pytest.mark.parametrize("after", ["", "\n", "\u202c", "\u2069", "\u200e\u3000"])
def test_invisible_characters_around_a_username_or_email_are_removed(before: str, after: str) -> None:
    assert canonical(f"{before}@Ada{after}") == canonical(f"@{before}ada{after}") == "ada"
    assert parse_recipient(f"{before}ada{after}") == chosen(f"{before}Ada{after}") == "ada"
    assert email_address(f"{before}ada@example.com{after}") == "ada@example.com"
    found = customer_query(f"{before}ada@example.com{after}")
    assert found.email == "ada@example.com"


@pytest.mark.parametrize("typed", ["a\u200bda", "ad\u202ea", "ada\u00adx", "\u202eada"])
def test_invisible_characters_inside_a_username_are_refused(typed: str) -> None:
    assert canonical(typed) is None
    with pytest.raises(InvalidProfile):
        chosen(typed)


@pytest.mark.parametrize("typed", ["\u202a10.00\u202c", "１０", "١٠", " 10", "10\u00a0"])
def test_a_pasted_amount_with_other_characters_is_refused(typed: str) -> None:
    with pytest.raises(InvalidAmount):
        parse_amount(typed, "USD")


def test_trimming_a_long_text_is_fast() -> None:
    inner = "x" + " \u200b" * 500_000 + "x"
    assert trimmed(inner) == inner
