"""People as others see them: found by wallet, by id, by name."""

from collections.abc import Iterable
from uuid import UUID

from pocketpay.database.sessions import Record, Session
from pocketpay.identity.names import WORDS_FOUND
from pocketpay.identity.profile import Profile

_COLUMNS = "id, wallet_id, username, name, avatar_url, closed_at"
_BY_WALLETS = f"select {_COLUMNS} from users where wallet_id = any($1::uuid[])"
_BY_IDS = f"select {_COLUMNS} from users where id = any($1::uuid[]) and closed_at is null"
_BY_USERNAMES = f"select {_COLUMNS} from users where username = any($1::text[]) and closed_at is null"
_BY_USERNAME = f"select {_COLUMNS} from users where username = $1 and closed_at is null"

_LAST = "chr(1114111)"
"""The last character there is: everything that begins with a prefix stands before the prefix and this."""

_SOUGHT = "(select key from sought)"
"""Both sides are folded by the same function of the database, so that they agree whoever wrote the name and
whichever version of Unicode PostgreSQL has. What nobody could be found by is null, and finds nobody."""


def _by_word(place: int) -> str:
    """People whose name, from its word at that place on, begins with what is sought."""
    key = f"name_from_word(name, {place})"
    return f"""(select {_COLUMNS}, {place} as place from users
     where {key} ~>=~ {_SOUGHT} and {key} ~<~ ({_SOUGHT} || {_LAST}) and closed_at is null
     order by {key} using ~<~ limit $3)"""


_SEARCH = f"""
with sought as materialized (select name_from_word($2, 1) as key)
select {_COLUMNS} from (
    (select {_COLUMNS}, 0 as place from users
     where username ~>=~ $1 and username ~<~ ($1 || {_LAST}) and closed_at is null
     order by username using ~<~ limit $3)
    union all {" union all ".join(_by_word(place) for place in WORDS_FOUND)}
) found
group by {_COLUMNS} order by min(place), username limit $3
"""
"""Scans of prefixes, each by its index and each of at most what is asked for. As ranges, not LIKE: there are no
wildcards to escape, and a plan made once for every text still knows its range."""


async def by_wallets(session: Session, wallet_ids: Iterable[UUID]) -> dict[UUID, Profile]:
    """The owners of those wallets, by wallet."""
    return {row["wallet_id"]: _profile(row) for row in await session.fetch(_BY_WALLETS, list(wallet_ids))}


async def by_ids(session: Session, user_ids: Iterable[UUID]) -> dict[UUID, Profile]:
    """The people with those ids, by id; those who have left are not in the answer."""
    return {row["id"]: _profile(row) for row in await session.fetch(_BY_IDS, list(user_ids))}


async def by_username(session: Session, username: str) -> Profile | None:
    """The open user of that canonical username."""
    row = await session.fetchrow(_BY_USERNAME, username)
    return None if row is None else _profile(row)


async def by_usernames(session: Session, usernames: Iterable[str]) -> list[Profile]:
    """The open users of those canonical usernames, in no order."""
    return [_profile(row) for row in await session.fetch(_BY_USERNAMES, list(usernames))]


async def search(session: Session, *, username: str, name: str, most: int) -> list[Profile]:
    """Open users whose username begins with the one text, then those whose name does with the other from one of its
    words on, the first word first. Both are folded."""
    return [_profile(row) for row in await session.fetch(_SEARCH, username, name, most)]


def _profile(row: Record) -> Profile:
    return Profile(
        user_id=row["id"],
        wallet_id=row["wallet_id"],
        username=row["username"],
        name=row["name"],
        avatar_url=row["avatar_url"],
        closed=row["closed_at"] is not None,
    )
