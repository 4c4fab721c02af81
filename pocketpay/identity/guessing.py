"""Whether an attacker would guess a password early. Pure; takes a few microseconds for any text.

An attacker tries lists of common passwords first, then the user's own names, each with digits and signs around it,
then short texts that are repeated, then neighbouring keys of a keyboard. This check does the same.

The list is the 30,000 most common passwords, which `zxcvbn` includes. Its estimator is not used: it takes a second
for some texts of forty characters, and holds the interpreter lock during that time.
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
"""abcd1234efgh has three runs; twelve random characters have ten or more."""

_SHORT_PIECE = 4
_SHORT_AFFIX = 8
"""In characters: digits and signs around a word, such as a year, a date or an exclamation mark. More of them are hard
to guess, unless they form a run."""

_AFFIXES = "0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ "


def guessable(password: str, about: Iterable[str] = ()) -> bool:
    """Whether the password is a common one, a name of the user or of the product, or a pattern.

    `about` are the words that an attacker may know about the user: username, name, email address.
    """
    text = nfkc(password).casefold()
    core = text.strip(_AFFIXES)
    known = _known_passwords()
    if text in known:
        return True
    if (core in known or _alphanumeric(core) in _words(about)) and _expected(text.replace(core, "", 1)):
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
    words = [*OWN_WORDS, *about]
    words += [part for word in words for part in word.replace("@", " ").split()]
    return {_alphanumeric(nfkc(word).casefold().strip(_AFFIXES)) for word in words} - {""}


def _alphanumeric(text: str) -> str:
    return "".join(char for char in text if is_alphanumeric(char))


def _repeated_piece(text: str) -> str | None:
    """Returns the shortest piece whose repetition is the text, or None. It is found by searching the doubled text."""
    length = (text + text).find(text, 1)
    return text[:length] if 0 < length < len(text) else None


def _runs(text: str) -> int:
    """Returns the number of runs in the text. A run repeats a character, or follows a row forwards or backwards."""
    runs = 1
    for before, after in pairwise(text):
        if before != after and (before, after) not in _STEPS and (after, before) not in _STEPS:
            runs += 1
    return runs
