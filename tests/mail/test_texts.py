"""What mails say: every kind has its texts, and a customer's own words are only words."""

import pytest
from jinja2 import UndefinedError

from pocketpay.mail.mail import Kind, masked
from pocketpay.mail.texts import text_of

FACTS = {"username": "ada", "at": "2026-02-03 at 04:05", "now": "a…@example.com"}


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_a_subject_a_plain_text_and_html_that_say_the_same(kind: Kind) -> None:
    text = text_of(kind, FACTS)
    assert "\n" not in text.subject
    assert 0 < len(text.subject) < 60
    for part in (text.plain, text.html):
        assert "@ada" in part
        assert "2026-02-03 at 04:05 UTC" in part
    assert text.subject in text.html
    assert "{" not in text.plain


@pytest.mark.parametrize("kind", Kind)
def test_words_of_a_customer_are_no_html(kind: Kind) -> None:
    text = text_of(kind, {**FACTS, "username": "<script>", "now": "<b>"})
    assert "<script>" not in text.html
    assert "&lt;script&gt;" in text.html
    assert "<script>" in text.plain


def test_a_fact_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        text_of(Kind.PASSWORD_CHANGED, {})


def test_a_masked_address_shows_its_first_letter_and_its_domain() -> None:
    assert masked("ada@example.com") == "a…@example.com"
