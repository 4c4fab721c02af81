"""Display names, and the other short texts a client says about itself."""

from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.impersonation import PROBLEM, speaks_for_service
from pocketpay.text.characters import category, nfc
from pocketpay.text.lines import fits_name, has_visible_character

LONGEST_NAME = 100
LONGEST_USER_AGENT = 300

WORDS_FOUND = range(1, 6)
"""The places of the words of a name by which people are found. Each has an index, which is written for every name;
few names have more words."""

_UNFIT = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
"""Unicode categories left out of what a client calls itself: controls and NUL, marks that turn its direction, lone
surrogates, private characters, line breaks."""


def display_name(typed: str) -> str:
    """A person's name as others see it: NFC, trimmed, 1 to 100 characters. Raises InvalidProfile."""
    name = well_formed(typed)
    problem = objection(name)
    if problem is not None:
        raise InvalidProfile("name", problem)
    return name


def well_formed(typed: str) -> str:
    """The name in the form it is kept in: NFC, trimmed, 1 to 100 characters that a name may have.

    Raises InvalidProfile when it is not. Whether somebody may choose it is another question: see `objection`.
    """
    name = kept_form(typed)
    if not name:
        raise InvalidProfile("name", "must not be empty")
    if len(name) > LONGEST_NAME or len(typed) > LONGEST_NAME * 4:
        raise InvalidProfile("name", f"must have at most {LONGEST_NAME} characters")
    if not fits_name(name):
        raise InvalidProfile("name", "must not have control characters or characters that cannot be displayed")
    return name


def objection(name: str) -> str | None:
    """Why nobody may choose this well-formed name, in words that follow the field's; None when anybody may."""
    if not has_visible_character(name):
        return "must have at least one visible character"
    return PROBLEM if speaks_for_service(name) else None


def kept_form(typed: str) -> str:
    """NFC, trimmed."""
    return nfc(typed[: LONGEST_NAME * 4].strip())


def user_agent(header: str | None) -> str | None:
    """What a client calls itself, fit to be kept: never refused, at most 300 characters."""
    if header is None:
        return None
    kept = "".join(char for char in header[:LONGEST_USER_AGENT] if category(char) not in _UNFIT).strip()
    return kept or None


def readable(text: str) -> str:
    """The text without what PostgreSQL cannot read (NUL, lone surrogates): to look for, never to keep."""
    return "".join(char for char in text if char != "\0" and not "\ud800" <= char <= "\udfff")
