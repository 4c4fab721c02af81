"""How the inputs of payments are parsed, and which different inputs mean the same."""

import hashlib

import pytest
import uuid_utils.compat as uuids

from pocketpay.money import Money
from pocketpay.payments.parsing import (
    parse_amount,
    parse_bank_name,
    parse_description,
    parse_key,
    parse_recipient,
    parse_transfer_description,
)
from pocketpay.transactions.errors import InvalidAmount, InvalidInput

WALLET = uuids.uuid7()


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("10", "USD", 1_000),
        ("10.0", "USD", 1_000),
        ("10.00", "USD", 1_000),
        ("0.01", "USD", 1),
        ("0010", "USD", 1_000),
        ("10000000000", "USD", 1_000_000_000_000),
        ("10000000000.00", "USD", 1_000_000_000_000),
        ("1250", "JPY", 1_250),
        ("1.234", "KWD", 1_234),
    ],
)
def test_a_valid_amount_is_parsed_exactly(typed: str, currency: str, minor: int) -> None:
    assert parse_amount(typed, currency) == Money(minor, currency)


@pytest.mark.parametrize("typed", ["", " ", "\t\n", "\u3000"])
def test_an_empty_text_is_reported_as_empty(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_description(typed)
    assert (refused.value.field, refused.value.problem) == ("description", "must not be empty")


@pytest.mark.parametrize(
    ("typed", "currency"),
    [
        ("0", "USD"),
        ("0.00", "USD"),
        ("0.001", "USD"),
        ("1.234", "USD"),
        ("1.5", "JPY"),
        ("10000000000.01", "USD"),
        ("9999999999999", "USD"),
        ("-1", "USD"),
        ("+1", "USD"),
        ("1e3", "USD"),
        (" 1", "USD"),
        ("1\n", "USD"),
        ("1_000", "USD"),
        ("1,000.00", "USD"),
        (".5", "USD"),
        ("5.", "USD"),
        ("１０", "USD"),
        ("٣", "USD"),
        ("NaN", "USD"),
        ("Infinity", "USD"),
        ("", "USD"),
    ],
)
def test_an_invalid_amount_is_refused_and_never_rounded(typed: str, currency: str) -> None:
    with pytest.raises(InvalidAmount) as refused:
        parse_amount(typed, currency)
    assert (refused.value.code, refused.value.field) == ("INVALID_AMOUNT", "amount")


@pytest.mark.parametrize(
    "typed", ["Lunch", "  Lunch  ", "午餐 🍜", "x" * 500, "a & b <script>", "'; drop table--", "é"]
)
def test_a_description_is_one_line_without_surrounding_spaces(typed: str) -> None:
    assert parse_description(typed) == typed.strip()


UNFIT = [
    "a\x00b",
    "a\nb",
    "a\tb",
    "a\x7fb",
    "a\x85b",
    "a\u2028b",
    "a\ud800b",
    "a\u202eb",
    "a\ufeffb",
    "a\ue000b",
    "a\U0010ffffb",
]
UNSEEN = ["\u200b", "\U000e0001\u0301"]


@pytest.mark.parametrize("typed", ["", "   ", "x" * 501, *UNFIT, *UNSEEN])
def test_an_invalid_description_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_description(typed)
    assert (refused.value.code, refused.value.field) == ("INVALID_INPUT", "description")


@pytest.mark.parametrize("typed", ["", "  ", "\n", "\u3000"])
def test_a_transfer_can_have_no_description(typed: str) -> None:
    assert parse_transfer_description(typed) == ""


@pytest.mark.parametrize("typed", ["x" * 501, *UNFIT, *UNSEEN])
def test_a_description_of_a_transfer_must_be_valid_when_it_is_not_empty(typed: str) -> None:
    with pytest.raises(InvalidInput):
        parse_transfer_description(typed)
    assert parse_transfer_description(" Lunch ") == "Lunch"


@pytest.mark.parametrize("typed", ["", " ", "x" * 101, *UNFIT, *UNSEEN])
def test_an_invalid_bank_name_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_bank_name(typed)
    assert (refused.value.code, refused.value.field) == ("INVALID_INPUT", "bankName")


def test_a_bank_name_can_have_100_characters() -> None:
    assert parse_bank_name("x" * 100) == "x" * 100


@pytest.mark.parametrize("typed", ["", "        ", "seven77", "x" * 256, *(f"key-key-{unfit}" for unfit in UNFIT)])
def test_an_invalid_idempotency_key_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_key(typed, WALLET, "transfer")
    assert (refused.value.code, refused.value.field) == ("INVALID_INPUT", "idempotencyKey")


@pytest.mark.parametrize("typed", ["eight888", "x" * 255, "schlüssel-🔑", "with spaces in it"])
def test_an_idempotency_key_of_8_to_255_characters_is_kept_unchanged(typed: str) -> None:
    assert parse_key(typed, WALLET, "transfer").text == typed


@pytest.mark.parametrize("typed", ["bob", "@bob", " @bob ", "BOB", "@Bob", "ｂｏｂ", "＠bob"])
def test_a_username_is_read_with_or_without_at_and_in_upper_or_lower_case(typed: str) -> None:
    assert parse_recipient(typed) == "bob"


@pytest.mark.parametrize("typed", ["", "@", "b", "bób", "bob smith", "b\x00b", "\ud800bob", "x" * 10_000, "bob@bob"])
def test_an_invalid_username_is_parsed_as_an_empty_one(typed: str) -> None:
    assert parse_recipient(typed) == ""


def test_the_fingerprint_of_a_key_depends_on_the_operation_and_the_parsed_values() -> None:
    def fingerprint(*values: str | Money, operation: str = "transfer") -> bytes:
        return parse_key("a key of ours", WALLET, operation, *values).fingerprint

    first = fingerprint("bob", Money(1_000, "USD"), "Lunch")
    assert len(first) == hashlib.sha256().digest_size
    assert first == fingerprint("bob", parse_amount("10.0", "USD"), "Lunch")
    others = [
        fingerprint("bob", Money(1_000, "USD"), "Dinner"),
        fingerprint("bob", Money(1_000, "JPY"), "Lunch"),
        fingerprint("bob", Money(1_001, "USD"), "Lunch"),
        fingerprint("rob", Money(1_000, "USD"), "Lunch"),
        fingerprint("bob", Money(1_000, "USD"), "Lunch", operation="deposit"),
        fingerprint("bob", Money(1_000, "USD"), "1000 USD", "Lunch"),
    ]
    assert len({first, *others}) == len(others) + 1
