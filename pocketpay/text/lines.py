"""The characters that a line of text and a name may contain.

| character                                       | a line                | a name                |
| ----------------------------------------------- | --------------------- | --------------------- |
| control, line break, surrogate, private use     | no                    | no                    |
| unassigned, noncharacter                        | no, but reserved emoji| no, but reserved emoji|
| embedding, override, isolate of direction       | no                    | no                    |
| mark of direction: LRM, RLM, ALM                | in right-to-left text | in right-to-left text |
| tag                                             | in a flag             | in a flag             |
| zero-width joiner and non-joiner                | yes                   | yes                   |
| byte order mark                                 | no                    | no                    |
| other format character                          | yes                   | no                    |
| everything else                                 | yes                   | yes                   |

A text must also have a visible character, and no stack of marks: see `has_visible_character` and `stacks_marks`.

Decision 21 gives the reasons.
"""

import re

from pocketpay.text.characters import category, is_reserved_emoji, is_right_to_left, is_visible

MAX_MARKS = 8
"""How many combining marks may be on one character. The longest stack that people write, in Tibetan, has eight.
Decision 78 gives the reasons."""

_ASCII = re.compile("[ -~]*")
_VISIBLE_ASCII = re.compile("[!-~]")
_UNFIT = frozenset(("Cc", "Cs", "Co", "Zl", "Zp"))
_STACKED = frozenset(("Mn", "Me"))
_DIRECTING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""Embeddings, overrides and isolates, which change the direction in which text is shown, and the byte order mark."""

_DIRECTION_MARKS = frozenset("\u061c\u200e\u200f")
_JOINERS = frozenset("\u200c\u200d")
_TAGS = re.compile("[\U000e0000-\U000e007f]")
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,30}\U000e007f")
"""The flag of a region, for example Scotland: a black flag, the region's code in tag characters, and the cancel tag
(UTS 51)."""


def fits_line(text: str) -> bool:
    """Whether a line of text, such as a description, may contain all characters of `text`."""
    return _fits(text, name=False)


def fits_name(text: str) -> bool:
    """Whether a person's name may contain all characters of `text`."""
    return _fits(text, name=True)


def has_visible_character(text: str) -> bool:
    """Whether at least one character is visible: not only spaces, fillers, format characters or combining marks."""
    return _VISIBLE_ASCII.search(text) is not None or any(is_visible(char) for char in text)


def stacks_marks(text: str) -> bool:
    """Whether more than MAX_MARKS marks are on one character: they are drawn over the lines above and below it."""
    marks = 0
    for char in "" if text.isascii() else text:
        kind = category(char)
        if kind in _STACKED:
            marks += 1
            if marks > MAX_MARKS:
                return True
        elif kind != "Cf":  # a joiner or a tag is not drawn, so the marks after it are on the same character
            marks = 0
    return False


def _fits(text: str, *, name: bool) -> bool:
    if text.isascii():
        return _ASCII.fullmatch(text) is not None
    if _TAGS.search(text) is not None:
        text = _FLAG.sub("\U0001f3f4", text)
    marked = not _DIRECTION_MARKS.isdisjoint(text)
    if marked and not any(is_right_to_left(char) for char in text):
        return False
    return all(_fit(char, name=name) for char in text)


def _fit(char: str, *, name: bool) -> bool:
    kind = category(char)
    if kind == "Cf":
        if char in _DIRECTING or _TAGS.match(char) is not None:
            return False
        return not name or char in _JOINERS or char in _DIRECTION_MARKS
    if kind == "Cn":
        return is_reserved_emoji(char)
    return kind not in _UNFIT
