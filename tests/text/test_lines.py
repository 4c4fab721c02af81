"""Allowed characters of a text: all scripts that people write, no invisible texts, no deceptive characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.names import display_name
from pocketpay.payments.parsing import parse_bank_name, parse_description, parse_label, parse_merchant, parse_reason
from pocketpay.text.characters import VERSION, category, is_visible
from pocketpay.text.lines import fits_line, fits_name, has_visible_character
from pocketpay.transactions.errors import InvalidInput

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"

WRITTEN = {
    "flag of England": ENGLAND,
    "flag of Scotland within text": f"Match {SCOTLAND} tickets",
    "two flags": ENGLAND + SCOTLAND,
    "flag of a country": "🇺🇦",
    "family": "👨\u200d👩\u200d👧\u200d👦",
    "heart with a variation selector": "❤\ufe0f",
    "keycap": "1\ufe0f\u20e3",
    "skin tone": "👋🏽",
    "Arabic with a right-to-left mark": "محمد\u200f!",
    "Hebrew with a left-to-right mark": "דוד\u200e (C++)",
    "Arabic with an Arabic letter mark": "\u061c١٢ درهم",
    "Persian with a non-joiner": "می\u200cخواهم",
    "Bengali with a joiner": "র\u200d্য",
    "Japanese name with a variation": "葛\U000e0100城",
    "emoji of Unicode 15": "🫨",
    "emoji of Unicode 16": "\U0001fae9",
    "emoji of Unicode 17": "\U0001facd",
    "emoji newer than any data": "\U0001faff",
    "Kannada": "ಕನ್ನಡ",
    "letter with many marks": "ṩ̂",
    "Burmese with four marks": "လွှဲ့",
    "Tibetan with eight marks": "ཧྐྵྨླྺྼྻྂ",
    "eight marks, many times": "a\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307" * 3,
    "a full stop": ".",
}

UNSEEN = {
    "all kinds of spaces": " \u00a0\u1680\u2000\u2007\u202f\u205f\u3000",
    "zero-width space": "\u200b",
    "joiners": "\u200c\u200d",
    "word joiner": "\u2060",
    "soft hyphen": "\u00ad",
    "Hangul filler": "\u3164",
    "half-width Hangul filler": "\uffa0",
    "Hangul jamo fillers": "\u115f\u1160",
    "braille blank": "\u2800",
    "Khmer inherent vowels": "\u17b4\u17b5",
    "Mongolian vowel separator": "\u180e",
    "variation selectors": "\ufe0f\ufe0e\U000e0100",
    "combining grapheme joiner": "\u034f",
    "tags": "\U000e0067\U000e0062\U000e007f",
    "language tag": "\U000e0001",
    "only accents": "\u0301\u0308",
    "only a vowel sign": "\u093e",
    "only an enclosing circle": "\u20dd",
    "object replacement": "\ufffc",
    "null notehead": "\U0001d159",
    "direction marks": "\u200e\u200f\u061c",
    "fillers between spaces": "\u3164 \u2800 \u200b",
}

DANGEROUS = {
    "override": "Ada \u202e100",
    "embedding": "Ada \u202bx\u202c",
    "isolate that is not closed": "\u2066Ada",
    "isolate that is closed": "\u2067Ada\u2069",
    "left-to-right mark among Latin letters": "Ada\u200e",
    "right-to-left mark among Latin letters": "Ada\u200f!",
    "tags after a letter": "Ada\U000e0041\U000e0042",
    "tags after a complete flag": ENGLAND + "\U000e0041",
    "flag without an end": ENGLAND[:-1],
    "NUL": "Ada\0",
    "escape": "\x1b[2JAda",
    "next line": "Ada\x85Bob",
    "line separator": "Ada\u2028Bob",
    "lone surrogate": "Ada\ud83d",
    "private use": "Ada\ue000",
    "private use of another plane": "Ada\U0010fffd",
    "noncharacter": "Ada\uffff",
    "noncharacter of a block": "Ada\ufdd0",
    "noncharacter of the emoji plane": "Ada\U0001ffff",
    "unassigned": "Ada\u0378",
    "byte order mark": "Ada\ufeff",
}

STACKED = {
    "nine marks": "q" + "\u0302\u0303\u0304" * 3,
    "nine marks in the middle": "ab" + "\u0489" * 9 + "cd",
    "nine marks with joiners between them": "q" + "\u0302\u0303\u0304\u200d" * 3,
}

LINES = [parse_description, parse_reason, parse_bank_name, parse_label, parse_merchant]


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_ordinary_text_is_a_valid_name_and_description(text: str) -> None:
    assert display_name(text)
    assert all(parse(text) == text for parse in LINES)


@pytest.mark.parametrize("text", (UNSEEN | DANGEROUS).values(), ids=UNSEEN | DANGEROUS)
def test_invisible_and_deceptive_text_is_no_valid_name_or_description(text: str) -> None:
    with pytest.raises(InvalidProfile) as refused:
        display_name(text)
    assert refused.value.field == "name"
    for parse in LINES:
        with pytest.raises(InvalidInput):
            parse(text)


@pytest.mark.parametrize("text", STACKED.values(), ids=STACKED)
def test_a_stack_of_marks_is_no_valid_name_or_description(text: str) -> None:
    with pytest.raises(InvalidProfile, match="at most 8 marks on one character"):
        display_name(text)
    for parse in LINES:
        with pytest.raises(InvalidInput, match="at most 8 marks on one character"):
            parse(text)


@pytest.mark.parametrize("text", UNSEEN.values(), ids=UNSEEN)
def test_invisible_text_is_allowed_next_to_visible_text_unless_it_is_deceptive(text: str) -> None:
    assert not has_visible_character(text)
    assert has_visible_character(f"{text}a")


@given(st.text(st.characters(categories=("Mn", "Mc", "Me", "Zs", "Cf")), max_size=20))
def test_text_of_only_marks_spaces_and_formats_is_not_visible(text: str) -> None:
    # The generator uses this Python's older Unicode data: it may generate characters that are no longer marks.
    assert has_visible_character(text) == any(category(char)[0] in "LNPS" for char in text)


@given(st.text(max_size=40))
def test_a_valid_name_is_also_a_valid_line(text: str) -> None:
    if fits_name(text):
        assert fits_line(text)
        text.encode()
        assert "\0" not in text


@given(st.text(max_size=40))
def test_visible_text_stays_visible_next_to_other_text(text: str) -> None:
    assert has_visible_character(text) == any(is_visible(char) for char in text)
    assert has_visible_character(f"\u3164{text}\u200b") == has_visible_character(text)


def test_unicode_data_comes_from_the_pinned_package_and_is_newer_than_pythons() -> None:
    assert VERSION == "18.0.0"
    assert category("\U0001fae9") == "So", "a character of Unicode 16, which Python 3.11 does not contain"
