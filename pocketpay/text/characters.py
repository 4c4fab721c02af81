"""The Unicode data that every rule about text uses: that of the package `unicodedata2`, whatever Python runs.

Python's own `unicodedata` is of Unicode 14 in Python 3.11 and of a newer one in each later version.
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
"""Default_Ignorable_Code_Point of the Unicode Character Database: shown as nothing. Unassigned ones are in it too, so
that it does not grow with new versions."""

_BLANK = frozenset("\u2800\ufffc\U0001d159\U00013441\U00013442")
"""Letters and symbols by their category that leave an empty place: braille blank, object replacement, null notehead,
the two Egyptian blanks."""

_PICTOGRAPHS = re.compile("[\U0001f000-\U0001faff\U0001fc00-\U0001fffd]")
"""Where Unicode puts new emoji (Extended_Pictographic, unassigned code points included)."""

_UNPRINTABLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"))


def category(char: str) -> str:
    """The general category, like "Lu" or "Cf"."""
    found: str = unicodedata2.category(char)
    return found


def is_right_to_left(char: str) -> bool:
    """Whether it is a letter of a script that runs from right to left."""
    return unicodedata2.bidirectional(char) in ("R", "AL") and category(char) != "Cf"


def digit(char: str) -> int | None:
    """The value of a decimal digit of any script, or None."""
    value: int | None = unicodedata2.decimal(char, None)
    return value


def name(char: str) -> str:
    """The character's name in the Unicode standard, "" when it has none."""
    found: str = unicodedata2.name(char, "")
    return found


def nfc(text: str) -> str:
    """Canonical composition: one spelling for what looks the same and is the same."""
    composed: str = unicodedata2.normalize("NFC", text)
    return composed


def nfkc(text: str) -> str:
    """Compatibility composition: full-width letters and ligatures become plain ones too."""
    composed: str = unicodedata2.normalize("NFKC", text)
    return composed


def nfkd(text: str) -> str:
    """Compatibility decomposition: marks stand apart from their letters."""
    decomposed: str = unicodedata2.normalize("NFKD", text)
    return decomposed


def is_reserved_emoji(char: str) -> bool:
    """Whether it is unassigned in our data and set aside for emoji: a newer phone may have it already."""
    return _PICTOGRAPHS.match(char) is not None and category(char) == "Cn"


def is_seen(char: str) -> bool:
    """Whether it shows something of its own: a letter, number, punctuation mark or symbol that is not blank."""
    if category(char)[0] not in "LNPS":
        return is_reserved_emoji(char)
    return IGNORABLE.match(char) is None and char not in _BLANK


def is_printable(char: str) -> bool:
    """Whether a terminal shows it as one character: all but controls, marks, unassigned ones and special spaces."""
    return char == " " or category(char) not in _UNPRINTABLE


def is_alphanumeric(char: str) -> bool:
    """Whether it is a letter or a number of any script."""
    return category(char)[0] in "LN"
