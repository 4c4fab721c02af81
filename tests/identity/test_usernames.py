"""Usernames: one spelling for each."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.usernames import canonical, chosen


@given(st.text(max_size=80))
def test_canonical_username_is_plain_and_its_own_canonical_form(typed: str) -> None:
    username = canonical(typed)
    if username is not None:
        assert re.fullmatch("[a-z0-9_]{3,30}", username, re.ASCII)
        assert canonical(username) == username


@given(st.from_regex(r"[A-Za-z0-9_]{3,30}", fullmatch=True))
def test_case_width_and_the_sign_before_do_not_make_another_person(typed: str) -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) for char in typed)
    assert canonical(typed) == canonical(f" @{typed.upper()} ") == canonical(typed.lower()) == canonical(wide)


@pytest.mark.parametrize(
    "typed", ["", "ab", "a" * 31, "a b", "a-b-c", "а1ice", "al\x00ice", "ali\u202ece", "\ud800abc", "@@ada"]
)
def test_what_is_not_plain_is_no_username(typed: str) -> None:
    assert canonical(typed) is None


def test_a_flood_of_ligatures_is_not_unfolded() -> None:
    assert canonical("\ufdfa" * 60_000) is None


@pytest.mark.parametrize("typed", ["admin", "Support", "pocket_pay", "__me__", "ｒｏｏｔ"])
def test_names_that_speak_for_the_house_are_nobodys_to_choose(typed: str) -> None:
    with pytest.raises(InvalidProfile) as refused:
        chosen(typed)
    assert refused.value.field == "username"


def test_the_sign_before_a_name_is_not_part_of_a_chosen_one() -> None:
    with pytest.raises(InvalidProfile):
        chosen("@ada")
    assert chosen(" Ada_99 ") == "ada_99"
