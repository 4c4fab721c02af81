"""Cleans pasted values, so that they are read as the user sees them.

Address books, chats and web pages put invisible marks around numbers and names, which set the direction of the text
or allow a line break. The marks are copied together with the text.
"""

from pocketpay.text.characters import category, digit

_MARKS = (
    "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u2060\u2061\u2062\u2063\u2064"
    "\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\ufeff"
)
"""Invisible format characters: soft hyphen, direction marks, joiners, zero-width spaces.

The right-to-left override is not one of them: it reverses how the text after it is shown, so without it the value
would differ from the text that the user sees."""

_SPACES = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""The characters that `str.strip` treats as white space, in every version of Python."""

_INVISIBLE = dict.fromkeys(map(ord, _MARKS))
_SIGNS = str.maketrans("＋﹢．。（）／⁄−﹣－‐‑‒–—―", "++..()//---------")
"""Variants of the signs in a written phone number, and the ASCII sign for each."""


def trimmed(text: str) -> str:
    """Returns the text without white space and invisible marks at both ends. Marks inside the text can matter, so
    they stay."""
    return text.strip(_SPACES + _MARKS)


def dialled(text: str) -> str:
    """Returns a phone number in ASCII digits, signs and spaces, without invisible marks.

    Digits of any script become ASCII digits. Their order does not change: phone numbers are written from left to
    right in every script. Other characters stay as they are.
    """
    shown = text.translate(_INVISIBLE).strip().translate(_SIGNS)
    return "".join(_dialled(char) for char in shown)


def _dialled(char: str) -> str:
    if char.isascii():
        return char
    value = digit(char)
    if value is not None:
        return str(value)
    return " " if category(char) == "Zs" else char
