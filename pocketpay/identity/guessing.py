"""Would a guesser find this password early? Pure; a few microseconds whatever the text.

A guesser starts with lists of passwords that others have used, then the person's own names, each with digits and
signs around, then a short piece said again and again, then runs along the keyboard. So does this.

The list is the 30,000 most used passwords that `zxcvbn` brings along. Its estimator is not used: some texts of forty
characters keep it busy for a second, and it holds the interpreter while it thinks.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from pocketpay.text.characters import is_alphanumeric, nfkc

OWN_WORDS = ("pocketpay", "pocket", "wallet")

_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
)
_STEPS = frozenset(pair for row in _ROWS for pair in pairwise(row))
_FEWEST_RUNS = 4
"""abcd1234efgh is three runs; twelve characters chosen by chance are ten or more."""

_SHORT_PIECE = 4
_SHORT_AFFIX = 8
"""Digits and signs around a word: a year, a date, an exclamation. More of them, unless in a run, are a secret."""

_AFFIXES = "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ "


def guessable(password: str, about: Iterable[str] = ()) -> bool:
    """Whether it is a known password, a name of the person's or the product's, or a pattern.

    `about` are the words a guesser knows of the person: username, name, email address.
    """
    text = nfkc(password).casefold()
    core = text.strip(_AFFIXES)
    known = _known_passwords()
    if text in known:
        return True
    if (core in known or _squeezed(core) in _words(about)) and _expected(text.replace(core, "", 1)):
        return True
    piece = _repeated_piece(text)
    if piece is not None and (len(piece) <= _SHORT_PIECE or piece in known or piece.strip(_AFFIXES) in known):
        return True
    return _runs(text) < _FEWEST_RUNS


@lru_cache(maxsize=1)
def _known_passwords() -> frozenset[str]:
    return frozenset(FREQUENCY_LISTS["passwords"])


def _expected(affixes: str) -> bool:
    return len(affixes) <= _SHORT_AFFIX or _runs(affixes) < _FEWEST_RUNS


def _words(about: Iterable[str]) -> set[str]:
    said = [*OWN_WORDS, *about]
    said += [part for word in said for part in word.replace("@", " ").split()]
    return {_squeezed(nfkc(word).casefold().strip(_AFFIXES)) for word in said} - {""}


def _squeezed(text: str) -> str:
    return "".join(char for char in text if is_alphanumeric(char))


def _repeated_piece(text: str) -> str | None:
    """The shortest piece that gives the text when said again and again, or None: found in the text said twice."""
    length = (text + text).find(text, 1)
    return text[:length] if 0 < length < len(text) else None


def _runs(text: str) -> int:
    """How many runs it is made of: the same character again, or neighbours along a row, forwards or backwards."""
    runs = 1
    for before, after in pairwise(text):
        if before != after and (before, after) not in _STEPS and (after, before) not in _STEPS:
            runs += 1
    return runs
