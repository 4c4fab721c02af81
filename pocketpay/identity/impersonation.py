"""Whether a name could be mistaken for a name of Pocket Pay or its staff. One rule for usernames and display names.

The rule compares how names look (`pocketpay.text.skeleton`, words joined). It refuses a name that

- contains the service's name: "official_pocketpay", "P0cket Pay London";
- or consists only of words listed here, with a staff word, or with a product word and a role: "admin1",
  "Support Team", "card_team".

With any other word it is a person's name: "Joan Support", "Adminah". A character that is not a letter is tried both
as the letter that it resembles and as nothing: "4dm1n" and "admin1" are both refused.
"""

import re
from enum import Flag, auto

from pocketpay.text.skeleton import Skeleton, skeleton

PROBLEM = "must not look like a name of Pocket Pay or its staff"
"""The message for such a name, without its subject, the field's name."""


class Word(Flag):
    """The kind of a listed word."""

    FILLER = 0
    STAFF = auto()
    PRODUCT = auto()
    ROLE = auto()


_WORDS = {
    Word.STAFF: "admin administrator administration sysadmin superuser staff support helpdesk help service "
    "moderator official operator operations security fraud compliance system treasury verified webmaster postmaster",
    Word.PRODUCT: "account accounts bank billing card cards client customer customers payment payments "
    "payout payouts pocket pay refund refunds risk safety transfer transfers trust wallet wallets",
    Word.ROLE: "agent agents alert alerts bot care center centre department dept desk hotline office officer team "
    "verification",
    Word.FILLER: "and app at chief com eu for global head inc live ltd my net of online org our real super the uk "
    "your",
}
_BRAND = "pocketpay"


def _letters(word: str) -> str:
    return skeleton(word).letters


_KIND = {_letters(word): kind for kind, words in _WORDS.items() for word in words.split()}
_BRAND_PATTERN = re.compile("".join(f"{letter}+" for letter in _letters(_BRAND)))
"""The service's name. Repeated letters match too."""


def resembles_service(name: str) -> bool:
    """Whether others could mistake the name for one of the service or its staff."""
    shape = skeleton(name)
    without_signs = Skeleton(
        "".join(letter for letter, sign in zip(shape.letters, shape.is_sign, strict=True) if not sign),
        (False,) * shape.is_sign.count(False),
        tuple(shape.is_sign[:start].count(False) for start in shape.starts),
    )
    if _has_brand(shape) or _has_brand(without_signs):
        return True
    return any(
        Word.STAFF in kinds or (Word.PRODUCT in kinds and Word.ROLE in kinds)
        for kinds in _kinds(shape.letters, shape.is_sign)
    )


def _has_brand(shape: Skeleton) -> bool:
    return any(_reads_as_brand(shape, found.start(), found.end()) for found in _BRAND_PATTERN.finditer(shape.letters))


def _reads_as_brand(shape: Skeleton, start: int, end: int) -> bool:
    """Whether the letters from `start` to `end` read as the service's name, and not as a person's words, such as
    "Pocket Payne"."""
    if not any(start < begins < end for begins in shape.starts):
        return True
    word_start = max(begins for begins in shape.starts if begins <= start)
    word_end = min((begins for begins in shape.starts if begins >= end), default=len(shape.letters))
    around = ((word_start, start), (end, word_end))
    return all(_kinds(shape.letters[one:other], shape.is_sign[one:other]) for one, other in around)


def _kinds(letters: str, is_sign: tuple[bool, ...]) -> set[Word]:
    """Returns the kinds of words for every way to split the letters into listed words; empty when there is none."""
    reached: list[set[Word]] = [set() for _ in range(len(letters) + 1)]
    reached[0].add(Word.FILLER)
    for place, kinds in enumerate(reached[:-1]):
        if not kinds:
            continue
        if is_sign[place]:
            reached[place + 1] |= kinds
        for word, kind in _KIND.items():
            if letters.startswith(word, place):
                reached[place + len(word)] |= {known | kind for known in kinds}
    return reached[-1]
