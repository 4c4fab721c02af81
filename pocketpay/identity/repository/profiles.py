"""Users as others see them, found by wallet, by id or by name."""

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
"""The last Unicode character. Every text that begins with a prefix sorts before the prefix followed by this."""

_KEY = "(select key from search_key)"
"""Both sides are folded by the same function of the database, so they agree with every version of Unicode in
PostgreSQL. The key is null for a text that cannot match a name, and null finds nobody."""


def _by_word(place: int) -> str:
    """Returns the SQL for users whose name, from its word at `place` on, begins with the search text."""
    key = f"name_from_word(name, {place})"
    return f"""(select {_COLUMNS}, {place} as place from users
     where {key} ~>=~ {_KEY} and {key} ~<~ ({_KEY} || {_LAST}) and closed_at is null
     order by {key} using ~<~ limit $3)"""


_SEARCH = f"""
with search_key as materialized (select name_from_word($2, 1) as key)
select {_COLUMNS} from (
    (select {_COLUMNS}, 0 as place from users
     where username ~>=~ $1 and username ~<~ ($1 || {_LAST}) and closed_at is null
     order by username using ~<~ limit $3)
    union all {" union all ".join(_by_word(place) for place in WORDS_FOUND)}
) found
group by {_COLUMNS} order by min(place), username limit $3
"""
"""Prefix scans, each on its own index and each limited to the requested number. They are ranges and not LIKE: there
are no wildcards to escape, and a generic plan still uses the range."""


async def by_wallets(session: Session, wallet_ids: Iterable[UUID]) -> dict[UUID, Profile]:
    """The profiles of the wallets' owners, by wallet id."""
    return {row["wallet_id"]: _profile(row) for row in await session.fetch(_BY_WALLETS, list(wallet_ids))}


async def by_ids(session: Session, user_ids: Iterable[UUID]) -> dict[UUID, Profile]:
    """The profiles with these user ids, by user id. Closed users are left out."""
    return {row["id"]: _profile(row) for row in await session.fetch(_BY_IDS, list(user_ids))}


async def by_username(session: Session, username: str) -> Profile | None:
    """The profile of the open user with this canonical username, or None."""
    row = await session.fetchrow(_BY_USERNAME, username)
    return None if row is None else _profile(row)


async def by_usernames(session: Session, usernames: Iterable[str]) -> list[Profile]:
    """The profiles of the open users with these canonical usernames, in no particular order."""
    return [_profile(row) for row in await session.fetch(_BY_USERNAMES, list(usernames))]


async def search(session: Session, *, username: str, name: str, limit: int) -> list[Profile]:
    """Returns up to `limit` open users: first those whose username begins with `username`, then those whose name
    begins with `name` from one of its words on, earlier words first. Both texts are folded."""
    return [_profile(row) for row in await session.fetch(_SEARCH, username, name, limit)]


def _profile(row: Record) -> Profile:
    return Profile(
        user_id=row["id"],
        wallet_id=row["wallet_id"],
        username=row["username"],
        name=row["name"],
        avatar_url=row["avatar_url"],
        closed=row["closed_at"] is not None,
    )
