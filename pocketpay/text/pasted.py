"""What somebody pastes, read as what they see.

Address books, chats and web pages put marks around numbers and names that nobody sees: they hold the text's direction
or let a line break. A copy carries them along.
"""

from pocketpay.text.characters import category, digit

_MARKS = (
    "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u2060\u2061\u2062\u2063\u2064"
    "\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\ufeff"
)
"""Format characters that show nothing: soft hyphen, marks of direction, joiners, zero-width spaces.

Without the right-to-left override: the digits and letters after it are shown in reverse, so what is read would not be
what is seen."""

_SPACES = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What `str.strip` takes for white space, in every version of Python."""

_INVISIBLE = dict.fromkeys(map(ord, _MARKS))
_SIGNS = str.maketrans("＋﹢．。（）／⁄−﹣－‐‑‒–—―", "++..()//---------")
"""Signs of a written telephone number, in other widths and lengths."""


def trimmed(text: str) -> str:
    """The text without white space and invisible marks at both ends. Those inside stay: they change what it says."""
    return text.strip(_SPACES + _MARKS)


def dialled(text: str) -> str:
    """A telephone number as it is shown: in ASCII digits, signs and spaces, without invisible marks.

    Digits of any script become ASCII ones. The order stays that of the text: what is dialled is read from left to
    right in every script. What is no sign of a number stays as it is.
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
