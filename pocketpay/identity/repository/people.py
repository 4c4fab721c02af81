"""Users: found, listed, changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pocketpay.database.sessions import Record, Session
from pocketpay.identity.user import Role, User

_USER = "id, username, name, email, phone, avatar_url, role, wallet_id, created_at"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signing in compares with, read before anything is decided."""

    user: User
    password_hash: str


async def by_username(session: Session, username: str) -> Credentials | None:
    """The open user of that canonical username."""
    return _credentials(
        await session.fetchrow(
            f"select {_USER}, password_hash from users where username = $1 and closed_at is null",
            username,
        )
    )


async def by_email(session: Session, email: str) -> Credentials | None:
    """The open user with that address, whatever its case."""
    return _credentials(
        await session.fetchrow(
            f"select {_USER}, password_hash from users where lower(email) = lower($1) and closed_at is null",
            email,
        )
    )


async def users(session: Session, ids: Iterable[UUID]) -> dict[UUID, User]:
    """The users of those ids, closed ones too; an id that is nobody's is not in the answer."""
    rows = await session.fetch(f"select {_USER} from users where id = any($1::uuid[])", list(ids))
    return {row["id"]: _user(row) for row in rows}


async def owners(session: Session, wallet_ids: Iterable[UUID]) -> dict[UUID, User]:
    """The users whose wallets those are, by wallet id."""
    rows = await session.fetch(
        f"select {_USER} from users where wallet_id = any($1::uuid[])",
        list(wallet_ids),
    )
    return {row["wallet_id"]: _user(row) for row in rows}


async def lock_open(session: Session, user_id: UUID) -> bool:
    """Locks an open user's row: whoever opens or ends that user's sessions takes turns. False: closed, or nobody."""
    found = await session.fetchval(
        "select 1 from users where id = $1 and closed_at is null for no key update", user_id
    )
    return found is not None


async def keep_hash(session: Session, user_id: UUID, *, old: str, new: str) -> None:
    """Keeps a new hash of the same password, unless the password was changed meanwhile."""
    await session.execute(
        "update users set password_hash = $3, updated_at = clock_timestamp() where id = $1 and password_hash = $2",
        user_id,
        old,
        new,
    )


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
    )
