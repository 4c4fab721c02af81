"""Usernames: each has one canonical spelling."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.usernames import canonical, chosen


@given(st.text(max_size=80))
def test_a_canonical_username_is_ascii_and_its_own_canonical_form(typed: str) -> None:
    username = canonical(typed)
    if username is not None:
        assert re.fullmatch("[a-z0-9_]{3,30}", username, re.ASCII)
        assert canonical(username) == username


@given(st.from_regex(r"[A-Za-z0-9_]{3,30}", fullmatch=True))
def test_case_width_and_the_at_sign_do_not_change_the_canonical_username(typed: str) -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) for char in typed)
    assert canonical(typed) == canonical(f" @{typed.upper()} ") == canonical(typed.lower()) == canonical(wide)


@pytest.mark.parametrize(
    "typed", ["", "ab", "a" * 31, "a b", "a-b-c", "а1ice", "al\x00ice", "ali\u202ece", "\ud800abc", "@@ada"]
)
def test_other_characters_and_lengths_are_not_a_username(typed: str) -> None:
    assert canonical(typed) is None


def test_a_long_text_of_ligatures_is_refused_before_it_is_expanded() -> None:
    assert canonical("\ufdfa" * 60_000) is None


@pytest.mark.parametrize("typed", ["admin", "Support", "pocket_pay", "__me__", "ｒｏｏｔ"])
def test_usernames_that_look_like_the_service_are_refused(typed: str) -> None:
    with pytest.raises(InvalidProfile) as refused:
        chosen(typed)
    assert refused.value.field == "username"


def test_a_chosen_username_must_not_contain_the_at_sign() -> None:
    with pytest.raises(InvalidProfile):
        chosen("@ada")
    assert chosen(" Ada_99 ") == "ada_99"
