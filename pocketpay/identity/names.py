"""Display names, and the other short texts that a client sends about itself."""

from pocketpay.identity.errors import InvalidProfile
from pocketpay.identity.impersonation import PROBLEM, resembles_service
from pocketpay.text.characters import category, nfc
from pocketpay.text.lines import MAX_MARKS, fits_name, has_visible_character, stacks_marks

LONGEST_NAME = 100
LONGEST_USER_AGENT = 300

WORDS_FOUND = range(1, 6)
"""The positions of the words of a name that a search compares with. Each position has an index, which is written for
every name; few names have more words."""

_REMOVED = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
"""Unicode categories that are removed from a User-Agent: control characters and NUL, direction marks, lone
surrogates, private-use characters, line breaks."""


def display_name(typed: str) -> str:
    """Returns a display name that a user may choose: NFC, trimmed, 1 to 100 characters. Raises InvalidProfile."""
    name = well_formed(typed)
    problem = objection(name)
    if problem is not None:
        raise InvalidProfile("name", problem)
    return name


def well_formed(typed: str) -> str:
    """Returns the name in its stored form: NFC, trimmed, 1 to 100 characters that a name may have.

    Raises InvalidProfile otherwise. `objection` checks whether a user may choose the name.
    """
    name = normalized(typed)
    if not name:
        raise InvalidProfile("name", "must not be empty")
    if len(name) > LONGEST_NAME or len(typed) > LONGEST_NAME * 4:
        raise InvalidProfile("name", f"must have at most {LONGEST_NAME} characters")
    if not fits_name(name):
        raise InvalidProfile("name", "must not have control characters or characters that cannot be displayed")
    return name


def objection(name: str) -> str | None:
    """Returns why no user may choose this well-formed name, as a message without its subject, or None."""
    if not has_visible_character(name):
        return "must have at least one visible character"
    if stacks_marks(name):
        return f"must have at most {MAX_MARKS} marks on one character"
    return PROBLEM if resembles_service(name) else None


def normalized(typed: str) -> str:
    """Returns the typed name in NFC, trimmed."""
    return nfc(typed[: LONGEST_NAME * 4].strip())


def user_agent(header: str | None) -> str | None:
    """Returns a User-Agent header in a form that can be stored, at most 300 characters. Never raises."""
    if header is None:
        return None
    kept = "".join(char for char in header[:LONGEST_USER_AGENT] if category(char) not in _REMOVED).strip()
    return kept or None


def readable(text: str) -> str:
    """Returns the text without NUL and lone surrogates, which PostgreSQL cannot read. Only for searching."""
    return "".join(char for char in text if char != "\0" and not "\ud800" <= char <= "\udfff")
