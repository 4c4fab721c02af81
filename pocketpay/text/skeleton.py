"""Which Latin letters a text looks like, so that two texts that look alike are compared as one.

After UTS 39: a compatibility decomposition without marks and invisible characters, then each character as the letter
it looks like. What Unicode calls a Latin letter with something ("LATIN SMALL LETTER O WITH STROKE") is that letter;
look-alikes of other scripts are in a table. One more step than UTS 39: what is no letter but is read as one ("0" for
"o", "$" for "s", "🅿" for "p") is marked, because it may as well stand between two words.
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
"""By letter what looks like it: Cyrillic, Greek, Armenian, Hebrew, Arabic, Cherokee, Coptic, Lisu, and signs."""

_DIGITS = "olzeasgtbg"
"""What each digit from 0 to 9 is read as."""

_SIGNS = {"@": "a", "$": "s", "!": "i", "|": "i"}
_LATIN = re.compile(
    r"(?:LATIN (?:CAPITAL |SMALL )?LETTER (?:SMALL CAPITAL |SCRIPT |BLACKLETTER |DOTLESS )?"
    r"|NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER |REGIONAL INDICATOR SYMBOL LETTER )([A-Z])(?: WITH .+)?"
)
_ONE_SHAPE = str.maketrans({"l": "i", "L": "I", "m": "rn", "M": "RN", "w": "vv", "W": "VV"})
"""In many typefaces one cannot tell "l" from "I", "m" from "rn" or "w" from "vv". The wide letters become two, as in
UTS 39, so that words joined look like the same words apart."""

_LETTERS = {look: letter for letter, looks in _LOOKS.items() for look in looks}


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What a text looks like, word by word.

    letters     all words together; every character one lower-case letter
    is_sign     for each of them, whether it is no letter in the text but may be read as one
    starts      where in `letters` a word begins
    """

    letters: str
    is_sign: tuple[bool, ...]
    starts: tuple[int, ...]


def skeleton(text: str) -> Skeleton:
    """What the text looks like."""
    words = _shape(text).split()
    letters = "".join(words)
    lengths = [0, *(len(word) for word in words[:-1])]
    return Skeleton(letters.lower(), tuple(char in ascii_uppercase for char in letters), tuple(accumulate(lengths)))


def _shape(text: str) -> str:
    """Words parted by spaces: a letter in lower case, what is only read as one in upper case."""
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
