"""Users: finding, listing and changing them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from pocketpay.database.sessions import Record, Session
from pocketpay.identity.changes import Changes, Unchanged
from pocketpay.identity.imported_hashes import HashesLeft
from pocketpay.identity.logins import Login
from pocketpay.identity.user import Role, User

_USER = """id, username, name, email, phone, avatar_url, role, wallet_id, created_at, closed_at,
email_verified_at is not null as email_verified, phone_verified_at is not null as phone_verified"""
_BY_EMAIL = f"""
select {_USER}, password_hash from users where lower(email) = lower($1) and closed_at is null
order by email_verified_at is null, coalesce(email_set_at, created_at), id limit 1
"""
_BY_PHONE = f"""
select {_USER}, password_hash from users where phone = $1 and closed_at is null
order by phone_verified_at is null, coalesce(phone_set_at, created_at), id limit 1
"""
_BY_CHALLENGE = f"""
select {_USER} from users where closed_at is null and id = (select user_id from one_time_challenges where id = $1)
"""
_CHANGE = f"""
update users set
    name = case when $2 then $3 else name end,
    email = case when $4 then $5 else email end,
    phone = case when $6 then $7 else phone end,
    avatar_url = case when $8 then $9 else avatar_url end,
    updated_at = clock_timestamp()
where id = $1 and closed_at is null returning {_USER}
"""
_TAKEN = """
select exists(select from users where username = $1 and id is distinct from $4)
           or exists(select from retired_usernames where fingerprint = sha256(convert_to($1, 'UTF8'))) as username,
       exists(select from users where lower(email) = lower($2) and email_verified_at is not null
              and id is distinct from $4) as email,
       exists(select from users where phone = $3 and phone_verified_at is not null
              and id is distinct from $4) as phone
"""

_MATCHING = f"""
select {_USER} from users
where username = $1 or lower(email) = lower($2) or phone = $3 or wallet_id = any($4::uuid[])
order by case when lower(email) = lower($2) and email_verified_at is null then coalesce(email_set_at, created_at)
              when phone = $3 and phone_verified_at is null then coalesce(phone_set_at, created_at) end
    nulls first, username
limit $5
"""
"""Users who have not verified the address or number come last, so that many of them cannot push others out of the
limit."""

ARGON2_KIND = "ltrim(regexp_substr(password_hash, '^[$]argon2[^$]*[$][^$]*[$][^$]*'), '$')"
OTHER_ARGON2 = """password_hash like '$argon2%' and closed_at is null
and password_hash not like '$argon2id$v=19$m=19456,t=2,p=1$%'"""
"""argon2 hashes with other parameters than our current ones."""

_HASHES_LEFT = f"""
with recursive kinds as (
    (select {ARGON2_KIND} as kind from users where {OTHER_ARGON2} order by 1 limit 1)
    union all
    select (select {ARGON2_KIND} from users where {OTHER_ARGON2} and {ARGON2_KIND} > k.kind order by 1 limit 1)
    from kinds k where k.kind is not null)
select (select coalesce(max(substr(password_hash, 5, 2)), '0')::int from users
        where password_hash like '$2%' and closed_at is null) as bcrypt,
    array(select kind from kinds where kind is not null) as argon2
"""
"""Reads the index once for each kind."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and their password hash, read before the password is verified."""

    user: User
    password_hash: str = field(repr=False)


async def by_username(session: Session, username: str) -> Credentials | None:
    """The open user with this canonical username, or None."""
    return _credentials(
        await session.fetchrow(
            f"select {_USER}, password_hash from users where username = $1 and closed_at is null",
            username,
        )
    )


async def by_email(session: Session, email: str | None) -> Credentials | None:
    """The open user who has verified this address, or else the first who set it. Upper and lower case are the same.

    Returns None when there is no such user, and for None.
    """
    return _credentials(await session.fetchrow(_BY_EMAIL, email))


async def by_login(session: Session, login: Login) -> Credentials | None:
    """The open user with this login, or None. One read for every kind of login."""
    if login.username is not None:
        return await by_username(session, login.username)
    if login.phone is not None:
        return await by_phone(session, login.phone)
    return await by_email(session, login.email)


async def by_challenge(session: Session, challenge_id: UUID | None) -> User | None:
    """The open user whom this challenge was sent to. Returns None when there is no such user, and for None."""
    row = await session.fetchrow(_BY_CHALLENGE, challenge_id)
    return None if row is None else _user(row)


async def by_phone(session: Session, phone: str) -> Credentials | None:
    """The open user who has verified this number (E.164), or else the first who set it."""
    return _credentials(await session.fetchrow(_BY_PHONE, phone))


async def by_id(session: Session, user_id: UUID) -> Credentials | None:
    """The open user with this id, or None."""
    return _credentials(
        await session.fetchrow(
            f"select {_USER}, password_hash from users where id = $1 and closed_at is null",
            user_id,
        )
    )


async def hashes_left(session: Session) -> HashesLeft:
    """The kinds of imported hashes that open users have not signed in with yet. The indexes contain only these."""
    row = await session.fetchrow(_HASHES_LEFT)
    assert row is not None  # noqa: S101 - a select without from has one row
    return HashesLeft(row["bcrypt"], tuple(row["argon2"]))


async def users(session: Session, ids: Iterable[UUID]) -> dict[UUID, User]:
    """The users with these ids, by id, including closed ones. Unknown ids are left out."""
    rows = await session.fetch(f"select {_USER} from users where id = any($1::uuid[])", list(ids))
    return {row["id"]: _user(row) for row in rows}


async def owners(session: Session, wallet_ids: Iterable[UUID]) -> dict[UUID, User]:
    """The owners of these wallets, by wallet id."""
    rows = await session.fetch(
        f"select {_USER} from users where wallet_id = any($1::uuid[])",
        list(wallet_ids),
    )
    return {row["wallet_id"]: _user(row) for row in rows}


async def matching(
    session: Session,
    *,
    username: str | None,
    email: str | None,
    phone: str | None,
    wallet_ids: Sequence[UUID],
    limit: int,
) -> list[User]:
    """Returns up to `limit` users who match one of these values exactly, including closed ones, by username.

    Users who have not verified the matching address or number come last.
    """
    return [_user(row) for row in await session.fetch(_MATCHING, username, email, phone, wallet_ids, limit)]


async def set_role(session: Session, username: str, role: Role) -> tuple[User, bool] | None:
    """Sets the role of the open user with this canonical username.

    Returns the user with the new role, and whether the role changed; None when there is no such user.
    """
    user = await session.fetchrow(
        f"select {_USER} from users where username = $1 and closed_at is null for no key update", username
    )
    if user is None:
        return None
    await session.execute(
        "update users set role = $2, updated_at = clock_timestamp() where id = $1 and role <> $2", user["id"], role
    )
    return replace(_user(user), role=role), user["role"] != role


async def lock_open(session: Session, user_id: UUID) -> bool:
    """Locks an open user's row, so that callers that open or end the user's sessions take turns.

    Returns False when the user is closed or unknown.
    """
    found = await session.fetchval(
        "select 1 from users where id = $1 and closed_at is null for no key update", user_id
    )
    return found is not None


async def lock_user(session: Session, user_id: UUID) -> User | None:
    """Locks an open user's row and returns the user, read after the lock; None when the user is closed or unknown."""
    row = await session.fetchrow(
        f"select {_USER} from users where id = $1 and closed_at is null for no key update", user_id
    )
    return None if row is None else _user(row)


async def lock_hash(session: Session, user_id: UUID) -> str | None:
    """Locks an open user's row and returns the password hash, read after the lock; None when the user is closed or
    unknown."""
    stored: str | None = await session.fetchval(
        "select password_hash from users where id = $1 and closed_at is null for no key update", user_id
    )
    return stored


async def set_hash(session: Session, user_id: UUID, new: str) -> None:
    """Stores the hash of a new password."""
    await session.execute(
        "update users set password_hash = $2, updated_at = clock_timestamp() where id = $1", user_id, new
    )


async def renew_hash(session: Session, user_id: UUID, *, old: str, new: str) -> None:
    """Stores a new hash of the same password, unless the password was changed meanwhile."""
    await session.execute(
        "update users set password_hash = $3, updated_at = clock_timestamp() where id = $1 and password_hash = $2",
        user_id,
        old,
        new,
    )


async def change(session: Session, user_id: UUID, changes: Changes) -> User | None:
    """Applies the changes to an open user and returns the changed user; None when the user is closed or unknown."""
    arguments: list[object] = []
    for wanted in (changes.name, changes.email, changes.phone, changes.avatar_url):
        arguments += (False, None) if isinstance(wanted, Unchanged) else (True, wanted)
    row = await session.fetchrow(_CHANGE, user_id, *arguments)
    return None if row is None else _user(row)


async def taken(
    session: Session, *, username: str | None, email: str | None, phone: str | None, other_than: UUID | None = None
) -> set[str]:
    """Returns which of these values are taken by another user: a subset of username, email, phone.

    An email address or a phone number is taken only when it is verified: an unverified one does not stop others from
    using it. A username stays taken after its user's account was closed.
    """
    row = await session.fetchrow(_TAKEN, username, email, phone, other_than)
    return set() if row is None else {field for field, is_taken in row.items() if is_taken}


async def username_taken(session: Session, username: str) -> bool:
    """Whether a user has this username, or had it before they closed their wallet."""
    return "username" in await taken(session, username=username, email=None, phone=None)


def _credentials(row: Record | None) -> Credentials | None:
    return None if row is None else Credentials(_user(row), row["password_hash"])


def _user(row: Record) -> User:
    return User(
        id=row["id"],
        username=row["username"],
        name=row["name"],
        email=row["email"],
        phone=row["phone"],
        avatar_url=row["avatar_url"],
        role=Role(row["role"]),
        wallet_id=row["wallet_id"],
        created_at=row["created_at"],
        closed_at=row["closed_at"],
        email_verified=row["email_verified"],
        phone_verified=row["phone_verified"],
    )
