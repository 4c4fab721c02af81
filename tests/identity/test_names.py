"""Display names: deceptive and invisible characters are refused."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.names import display_name, user_agent


@pytest.mark.parametrize(
    "typed", ["Ada Lovelace", "  Ada ", "Łukasz Żółć", "李小龍", "محمد", "می‌خواهم", "O'Brien-Smith 3rd", "x"]
)
def test_names_of_people_are_accepted(typed: str) -> None:
    assert display_name(typed) == typed.strip()


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "a" * 101,
        "Ada\x00",
        "Ada\nLovelace",
        "Ada\u202eevil",
        "\u2066Ada",
        "A\ud800",
        "\u200d\u200d",
        "\u2028",
        "\u0301",
    ],
)
def test_deceptive_and_invisible_names_are_refused(typed: str) -> None:
    with pytest.raises(InvalidProfile) as refused:
        display_name(typed)
    assert refused.value.field == "name"


@given(st.text())
def test_any_user_agent_is_accepted_and_can_be_stored(header: str) -> None:
    kept = user_agent(header)
    assert kept is None or (0 < len(kept) <= 300 and all(unicodedata.category(char) != "Cc" for char in kept))
    assert kept is None or kept.encode()
