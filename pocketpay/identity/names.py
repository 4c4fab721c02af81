"""Display names, and the other short texts a client says about itself."""

import unicodedata

from pocketpay.identity.errors import InvalidProfile

LONGEST_NAME = 100
LONGEST_USER_AGENT = 300

_UNFIT = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
"""Unicode categories a name may not hold: controls and NUL, marks that turn its direction, lone surrogates, private
characters, line breaks."""

_JOINERS = frozenset("\u200c\u200d")
"""The two format characters that names do need: Persian and the scripts of India spell with them."""


def display_name(typed: str) -> str:
    """A person's name as others see it: NFC, trimmed, 1 to 100 characters. Raises InvalidProfile."""
    name = unicodedata.normalize("NFC", typed[: LONGEST_NAME * 4].strip())
    if not name:
        raise InvalidProfile("name", "must not be empty")
    if len(name) > LONGEST_NAME or len(typed) > LONGEST_NAME * 4:
        raise InvalidProfile("name", f"must have at most {LONGEST_NAME} characters")
    if any(unicodedata.category(char) in _UNFIT and char not in _JOINERS for char in name):
        raise InvalidProfile("name", "must not have control characters or others that cannot be shown")
    if not any(unicodedata.category(char)[0] in "LNPS" for char in name):
        raise InvalidProfile("name", "must have something that can be seen")
    return name


def user_agent(header: str | None) -> str | None:
    """What a client calls itself, fit to be kept: never refused, at most 300 characters."""
    if header is None:
        return None
    kept = "".join(char for char in header[:LONGEST_USER_AGENT] if unicodedata.category(char) not in _UNFIT).strip()
    return kept or None


def readable(text: str) -> str:
    """The text without what PostgreSQL cannot read (NUL, lone surrogates): to look for, never to keep."""
    return "".join(char for char in text if char != "\0" and not "\ud800" <= char <= "\udfff")
