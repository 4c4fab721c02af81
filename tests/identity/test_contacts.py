"""Email addresses and phone numbers: each has one stored form."""

import pytest

from pocketpay.identity.contacts import email_address, phone_number
from pocketpay.identity.errors import InvalidProfile


def test_an_email_address_is_stored_with_its_domain_in_lower_case() -> None:
    assert email_address(" Ada.L+pay@ExAmple.COM ") == "Ada.L+pay@example.com"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@localhost",
        "a b@example.com",
        "é@example.com",
        "ada@example.com\x00",
        "ada@exa mple.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 400 + ".com",
        "ada@\ud800.com",
    ],
)
def test_an_invalid_email_address_is_refused(typed: str) -> None:
    with pytest.raises(InvalidProfile) as refused:
        email_address(typed)
    assert refused.value.field == "email"


@pytest.mark.parametrize("typed", ["+12025550123", "+1 (202) 555-0123", " +1.202.555.0123"])
def test_every_spelling_of_a_phone_number_has_the_same_form(typed: str) -> None:
    assert phone_number(typed) == "+12025550123"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "2025550123",
        "+1",
        "+1800FLOWERS",
        "+999123456789",
        "+1 202 555 0123 ext 5",
        "+1202555012345678",
        "+1\x002025550123",
        "+" + "1" * 1000,
    ],
)
def test_an_incomplete_or_invalid_phone_number_is_refused(typed: str) -> None:
    with pytest.raises(InvalidProfile) as refused:
        phone_number(typed)
    assert refused.value.field == "phone"
