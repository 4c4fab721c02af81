"""The Latin letters that a text looks like. Two texts that look alike have the same skeleton.

The method is that of UTS 39: decompose the text (NFKD), remove marks and invisible characters, then replace each
character by the letter that it looks like. A character whose Unicode name is a Latin letter with an addition ("LATIN
SMALL LETTER O WITH STROKE") becomes that letter; look-alikes in other scripts are in a table. In addition to UTS 39,
a character that is not a letter but can be read as one ("0" for "o", "$" for "s", "🅿" for "p") is marked, because it
can also be a separator between two words.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from string import ascii_uppercase

from pocketpay.text.characters import IGNORABLE, category, digit, name, nfkd

_LOOKS = {
    "a": "аαɑΑАᎪᗅꓮ⍺∀",
    "b": "ЬьвВΒᏴᏏꓐβƄƅ",
    "c": "сСϲςϹᏟꓚⲥⲤ©¢",
    "d": "ԁᎠᗞꓓժԀ",
    "e": "еЕεɛΕᎬꓰҽєЄ℮€ⲉɘǝ",
    "f": "ϝϜꓝքƒ",
    "g": "ԍԌᏀꓖցɡɢ",
    "h": "һҺНнΗᎻᏂհꓧⲎ",
    "i": "іІιΙᎥɩӏӀꓲⵏاןו",
    "j": "јЈϳͿᎫꓙ",
    "k": "кКκΚᏦꓗⲕⲔқ",
    "l": "ꓡᏞ£",
    "m": "мМΜᎷꓟϻϺⲘⲙ",
    "n": "пПոռηΝꓠ",
    "o": "оОοΟσօՕסهꓳⵔ〇ⲟⲞѳΘθ",
    "p": "рРρΡᏢꓑⲣⲢ",
    "q": "ԛԚգզ",
    "r": "гГᴦꮁᏒꓣⲅ®яЯ",
    "s": "ѕЅᏚՏꓢ§",
    "t": "тТτΤᎢꓔⲧⲦ†",
    "u": "υսՍꓴцμ",
    "v": "ѵѴνᏙꓦ√",
    "w": "ԝԜѡωᏔᏤᎳꓪաшⲱ",
    "x": "хХχΧꓫⲭⲬ×",
    "y": "уУγүΥᎩᎽꓬყⲨ",
    "z": "ΖᏃꓜⲌ",
}
"""For each letter, the characters that look like it: Cyrillic, Greek, Armenian, Hebrew, Arabic, Cherokee, Coptic,
Lisu, and signs."""

_DIGITS = "olzeasgtbg"
"""The letter that each digit from 0 to 9 looks like."""

_SIGNS = {"@": "a", "$": "s", "!": "i", "|": "i"}
_LATIN = re.compile(
    r"(?:LATIN (?:CAPITAL |SMALL )?LETTER (?:SMALL CAPITAL |SCRIPT |BLACKLETTER |DOTLESS )?"
    r"|NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER |REGIONAL INDICATOR SYMBOL LETTER )([A-Z])(?: WITH .+)?"
)
_ONE_SHAPE = str.maketrans({"l": "i", "L": "I", "m": "rn", "M": "RN", "w": "vv", "W": "VV"})
"""In many typefaces "l" looks like "I", "m" like "rn" and "w" like "vv". As in UTS 39, a wide letter becomes two
letters, so that it equals the two letters when they are typed separately."""

_LETTERS = {look: letter for letter, looks in _LOOKS.items() for look in looks}


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The skeleton of a text.

    letters     all words, joined without spaces; each character is one lower-case letter
    is_sign     for each character of `letters`: True if it was not a letter in the text but can be read as one
    starts      the positions in `letters` at which a word begins
    """

    letters: str
    is_sign: tuple[bool, ...]
    starts: tuple[int, ...]


def skeleton(text: str) -> Skeleton:
    """Returns the skeleton of the text."""
    words = _shape(text).split()
    letters = "".join(words)
    lengths = [0, *(len(word) for word in words[:-1])]
    return Skeleton(letters.lower(), tuple(char in ascii_uppercase for char in letters), tuple(accumulate(lengths)))


def _shape(text: str) -> str:
    """Returns the words separated by spaces: letters in lower case, signs that look like a letter in upper case."""
    plain = "".join(char if char in _LETTERS else nfkd(char) for char in text)
    drawn = "".join(_drawn(char) for char in IGNORABLE.sub("", plain))
    return drawn.translate(_ONE_SHAPE)


@lru_cache(maxsize=4_096)
def _drawn(char: str) -> str:
    kind = category(char)
    if kind[0] == "M":
        return ""
    letter = _letter(char)
    if letter is None:
        return char.lower() if kind[0] == "L" and kind != "Lm" else " "
    return letter if kind[0] == "L" else letter.upper()


def _letter(char: str) -> str | None:
    if char.isascii() and char.isalpha():
        return char.lower()
    if char in _LETTERS:
        return _LETTERS[char]
    value = digit(char)
    if value is not None:
        return _DIGITS[value]
    found = _LATIN.fullmatch(name(char))
    return found[1].lower() if found else _SIGNS.get(char)
