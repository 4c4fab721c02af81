"""Finding people. Someone who has left is found by no name any more, only by the wallet that old payments name."""

import re

from pocketpay.database.sessions import Session
from pocketpay.identity.profile import Profile
from pocketpay.identity.repository import profiles as repository
from pocketpay.identity.usernames import canonical, folded
from pocketpay.text.lines import has_visible_character
from pocketpay.text.pasted import trimmed

LONGEST_SEARCH = 60
"""Characters of a search that are looked at: whoever types more has not found by then."""


_IN_NO_NAME = re.compile("[\0\ud800-\udfff]")
"""NUL and lone surrogates, which PostgreSQL cannot keep."""


async def by_username(session: Session, typed: str) -> Profile | None:
    """The person of that username as someone typed it, with or without "@", or None."""
    username = canonical(typed)
    return None if username is None else await repository.by_username(session, username)


async def search(session: Session, typed: str, *, most: int) -> list[Profile]:
    """People whose username begins with the text, or whose name does from one of its first five words on; usernames
    first, then first words; at most `most`.

    Case, accents and width of letters make no difference, nor do marks that nobody sees: "É" is found by "é" and by
    "e", "Weiß" by "WEISS", "İlker" by "ilker", "Łukasz" by "lukasz".

    With a leading "@" only usernames are meant. A text that shows nothing finds nobody.
    """
    text = trimmed(typed)
    username = folded(text.removeprefix("@").removeprefix("＠"))
    if not username or len(text) > LONGEST_SEARCH or _IN_NO_NAME.search(text) or not has_visible_character(text):
        return []
    return await repository.search(session, username=username, name=text, most=most)
