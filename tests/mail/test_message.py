"""The content of a mail as it is sent."""

from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from uuid import UUID

import pytest
from jinja2 import UndefinedError

from pocketpay.mail.channels import Email
from pocketpay.mail.log_delivery import masked
from pocketpay.mail.mail import ClaimedMail, Kind
from pocketpay.mail.message import Sender, message_of
from pocketpay.mail.retries import MAX_TRIES, pause_after
from pocketpay.mail.texts import Text, text_of

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MAIL = ClaimedMail(UUID(int=7), UUID(int=8), "ada@example.com", Kind.VERIFY_EMAIL, {}, 1, NOW, NOW)
TEXT = Text("Hello", "Plain.\n", "<p>HTML</p>")
SENDER = Sender("Pocket Pay", "no-reply@example.com")
FACTS = {"username": "ada", "minutes": "15", "code": "1234 5678", "link": None}


def test_non_ascii_names_and_domains_are_encoded_in_ascii() -> None:
    message = message_of(
        replace(MAIL, recipient="ada@bücher.example"), TEXT, Sender("Käse & Co", "post@münchen.example")
    )
    wire = message.as_bytes()
    assert wire.isascii()
    assert b"To: ada@xn--bcher-kva.example" in wire
    assert b"<post@xn--mnchen-3ya.example>" in wire
    assert message["Message-ID"] == f"<{UUID(int=7).hex}@xn--mnchen-3ya.example>"


def test_every_attempt_to_send_has_the_same_headers() -> None:
    first, again = message_of(MAIL, TEXT, SENDER), message_of(replace(MAIL, tries=2), TEXT, SENDER)
    assert _headers(first) == _headers(again)


def _headers(message: EmailMessage) -> list[tuple[str, str]]:
    return [(name, value) for name, value in message.items() if name != "Content-Type"]


def test_a_subject_cannot_add_a_header() -> None:
    with pytest.raises(ValueError, match="linefeed"):
        message_of(MAIL, replace(TEXT, subject="Hello\nBcc: eve@example.com"), SENDER)


def test_html_escapes_text_of_customers_and_plain_text_does_not() -> None:
    text = text_of(Kind.VERIFY_EMAIL, {**FACTS, "username": "<b>ada</b>"})
    assert "@<b>ada</b>" in text.plain
    assert "@&lt;b&gt;ada&lt;/b&gt;" in text.html


@pytest.mark.parametrize("missing", ["username", "minutes", "code", "link"])
def test_a_mail_without_a_value_that_its_text_needs_is_an_error(missing: str) -> None:
    with pytest.raises(UndefinedError):
        text_of(Kind.VERIFY_EMAIL, {name: fact for name, fact in FACTS.items() if name != missing})


def test_a_mail_without_a_link_does_not_mention_one() -> None:
    assert "link" not in text_of(Kind.VERIFY_EMAIL, FACTS).plain


@pytest.mark.parametrize("kind", sorted(Email.kinds))
def test_every_kind_of_mail_has_texts_with_a_short_subject(kind: Kind) -> None:
    text = text_of(kind, FACTS)
    assert 5 < len(text.subject) < 60
    assert len(text.plain) < 1000
    assert f"<title>{text.subject}</title>" in text.html


def test_pauses_between_attempts_grow_and_attempts_end() -> None:
    minutes = [pause.total_seconds() / 60 for tries in range(1, MAX_TRIES) if (pause := pause_after(tries))]
    assert minutes == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert pause_after(MAX_TRIES) is None


def test_a_masked_address_shows_its_first_letter_and_its_domain() -> None:
    assert masked("ada@example.com") == "a…@example.com"
