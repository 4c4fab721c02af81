"""Finds people by username or name. Closed users are not found; old payments still show them, by wallet."""

import re

from pocketpay.database.sessions import Session
from pocketpay.identity.profile import Profile
from pocketpay.identity.repository import profiles as repository
from pocketpay.identity.usernames import canonical, folded
from pocketpay.text.lines import has_visible_character
from pocketpay.text.pasted import trimmed

LONGEST_SEARCH = 60
"""In characters. A longer search finds nobody."""


_NOT_IN_NAMES = re.compile("[\0\ud800-\udfff]")
"""NUL and lone surrogates, which PostgreSQL cannot store."""


async def by_username(session: Session, typed: str) -> Profile | None:
    """Returns the user with the typed username, with or without "@", or None."""
    username = canonical(typed)
    return None if username is None else await repository.by_username(session, username)


async def search(session: Session, typed: str, *, limit: int) -> list[Profile]:
    """Returns up to `limit` people whose username or name begins with the text. A name also matches from its second,
    third, fourth or fifth word on. Usernames come first, then names, earlier words first.

    Case, accents, width of letters and invisible characters are ignored: "é" and "e" find "É", "WEISS" finds "Weiß",
    "ilker" finds "İlker", "lukasz" finds "Łukasz".

    A leading "@" restricts the search to usernames. A text without visible characters finds nobody.
    """
    text = trimmed(typed)
    username = folded(text.removeprefix("@").removeprefix("＠"))
    if not username or len(text) > LONGEST_SEARCH or _NOT_IN_NAMES.search(text) or not has_visible_character(text):
        return []
    return await repository.search(session, username=username, name=text, limit=limit)
