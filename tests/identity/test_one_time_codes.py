"""One-time codes and links: valid for one challenge only, and not derivable from the database."""

from dataclasses import replace
from uuid import UUID

import pytest

from pocketpay.identity.one_time_codes import Challenge, OneTimeCodes, Purpose, challenge_id
from tests.people import SECRET

CODES = OneTimeCodes(SECRET)
ANOTHER = (b"another key, thirty-two bytes or more",)
CHALLENGE = Challenge(UUID(int=1), Purpose.VERIFY_EMAIL, UUID(int=2), "Ada@example.com")
OTHERS = (
    replace(CHALLENGE, id=UUID(int=3)),
    replace(CHALLENGE, user_id=UUID(int=3)),
    replace(CHALLENGE, address="bea@example.com"),
)


def test_a_code_has_eight_digits_and_is_the_same_every_time() -> None:
    code = CODES.code(CHALLENGE)
    assert len(code) == 8
    assert code.isascii()
    assert code.isdigit()
    assert code == OneTimeCodes(SECRET).code(CHALLENGE)


def test_codes_have_eight_digits_and_every_digit_occurs_at_every_place() -> None:
    codes = [CODES.code(replace(CHALLENGE, id=UUID(int=number))) for number in range(2_000)]
    assert {len(code) for code in codes} == {8}
    for place in range(8):
        assert {code[place] for code in codes} == set("0123456789")


@pytest.mark.parametrize("other", OTHERS)
def test_a_code_and_a_token_are_valid_only_for_their_challenge(other: Challenge) -> None:
    assert CODES.is_code(CHALLENGE, CODES.code(CHALLENGE))
    assert CODES.is_token(CHALLENGE, CODES.token(CHALLENGE))
    assert not CODES.is_code(CHALLENGE, CODES.code(other))
    assert not CODES.is_token(CHALLENGE, CODES.token(other))


def test_a_server_with_another_key_makes_other_codes() -> None:
    other = OneTimeCodes(ANOTHER)
    assert not other.is_code(CHALLENGE, CODES.code(CHALLENGE))
    assert not other.is_token(CHALLENGE, CODES.token(CHALLENGE))


def test_address_in_another_case_is_the_same_address() -> None:
    assert CODES.code(replace(CHALLENGE, address="ada@EXAMPLE.com")) == CODES.code(CHALLENGE)


def test_a_code_may_be_typed_as_it_is_displayed() -> None:
    code = CODES.code(CHALLENGE)
    wide = "".join(chr(ord("０") + int(digit)) for digit in code)
    for typed in (f" {code[:4]} {code[4:]}\n", f"{code[:4]}-{code[4:]}", f"\u200e{code}\u200e", wide):
        assert CODES.is_code(CHALLENGE, typed)
    for wrong in ("", "x", code[:7], code + "0", "0" * 1_000_000, "\ud800"):
        assert not CODES.is_code(CHALLENGE, wrong)


def test_a_token_contains_its_challenge_id_and_other_texts_are_refused() -> None:
    token = CODES.token(CHALLENGE)
    assert challenge_id(token) == CHALLENGE.id
    assert token.replace("-", "").replace("_", "").isalnum()
    for wrong in ("", token[:-1], token + "A", "!" * 64, "\ud800" * 64, "ä" * 64):
        assert challenge_id(wrong) is None
        assert not CODES.is_token(CHALLENGE, wrong)
    assert not CODES.is_token(CHALLENGE, token[:-1] + ("A" if token[-1] != "A" else "B"))
