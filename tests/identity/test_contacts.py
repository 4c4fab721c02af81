"""Email addresses and telephone numbers: one form each."""

import pytest

from pocketpay.identity.contacts import email_address, phone_number
from pocketpay.identity.errors import InvalidProfile


def test_email_keeps_its_name_and_lowers_its_domain() -> None:
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
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(InvalidProfile) as refused:
        email_address(typed)
    assert refused.value.field == "email"


@pytest.mark.parametrize("typed", ["+12025550123", "+1 (202) 555-0123", " +1.202.555.0123"])
def test_a_number_has_one_form_however_it_is_written(typed: str) -> None:
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
def test_what_is_no_full_number_is_refused(typed: str) -> None:
    with pytest.raises(InvalidProfile) as refused:
        phone_number(typed)
    assert refused.value.field == "phone"
