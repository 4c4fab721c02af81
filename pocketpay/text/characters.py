"""The Unicode data for every rule about text. It comes from the package `unicodedata2`, so it is the same in all
versions of Python.

Python's own `unicodedata` has Unicode 14 in Python 3.11 and a newer version in each later Python.
"""

import re
from typing import Final

import unicodedata2

VERSION: Final[str] = unicodedata2.unidata_version
"""The version of Unicode."""

IGNORABLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point of the Unicode Character Database: characters that are not displayed. It includes
unassigned code points, so it does not change with new versions of Unicode."""

_BLANK = frozenset("\u2800\ufffc\U0001d159\U00013441\U00013442")
"""Characters whose category is a letter or symbol, but which look empty: braille blank, object replacement, null
notehead, the two Egyptian blanks."""

_PICTOGRAPHS = re.compile("[\U0001f000-\U0001faff\U0001fc00-\U0001fffd]")
"""The blocks for emoji, including code points reserved for new emoji (Extended_Pictographic)."""

_UNPRINTABLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"))


def category(char: str) -> str:
    """The character's general category, for example "Lu" or "Cf"."""
    found: str = unicodedata2.category(char)
    return found


def is_right_to_left(char: str) -> bool:
    """Whether the character belongs to a script that is written from right to left."""
    return unicodedata2.bidirectional(char) in ("R", "AL") and category(char) != "Cf"


def digit(char: str) -> int | None:
    """The value of a decimal digit of any script, or None for another character."""
    value: int | None = unicodedata2.decimal(char, None)
    return value


def name(char: str) -> str:
    """The character's name in the Unicode standard, or "" when it has none."""
    found: str = unicodedata2.name(char, "")
    return found


def nfc(text: str) -> str:
    """Canonical composition (NFC): one form for texts that are canonically equivalent."""
    composed: str = unicodedata2.normalize("NFC", text)
    return composed


def nfkc(text: str) -> str:
    """Compatibility composition (NFKC): also replaces full-width letters and ligatures by plain letters."""
    composed: str = unicodedata2.normalize("NFKC", text)
    return composed


def nfkd(text: str) -> str:
    """Compatibility decomposition (NFKD): separates combining marks from their letters."""
    decomposed: str = unicodedata2.normalize("NFKD", text)
    return decomposed


def is_reserved_emoji(char: str) -> bool:
    """Whether the code point is reserved for emoji and unassigned in our data. A newer phone may already have it."""
    return _PICTOGRAPHS.match(char) is not None and category(char) == "Cn"


def is_visible(char: str) -> bool:
    """Whether the character is visible: a letter, number, punctuation mark or symbol that does not look empty."""
    if category(char)[0] not in "LNPS":
        return is_reserved_emoji(char)
    return IGNORABLE.match(char) is None and char not in _BLANK


def is_printable(char: str) -> bool:
    """Whether a terminal can print the character. False for control and format characters, surrogates, private use
    and unassigned code points, line separators, and spaces other than " "."""
    return char == " " or category(char) not in _UNPRINTABLE


def is_alphanumeric(char: str) -> bool:
    """Whether the character is a letter or a number of any script."""
    return category(char)[0] in "LN"
