"""Which email address and which phone number a user has verified: each is verified for one user at most."""

from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.identity.contacts import Contact

_KEY = {Contact.EMAIL: "lower({0})", Contact.PHONE: "{0}"}
"""In which form two of them are compared."""

_NAME = {Contact.EMAIL: "email address", Contact.PHONE: "phone number"}

_LOCK = """
select pg_advisory_xact_lock(hashtextextended('{name} ' || {key}, 0))
from users where id = $1 and {column} is not null
"""
_LOCK_ROWS = """
select from users
where id = $1 or ({key} = (select {key} from users where id = $1) and {column}_verified_at is not null)
order by id for no key update
"""
"""In the order of their ids: two users may take an address and a number from each other at once."""

_TAKE = """
update users set {column}_verified_at = null, updated_at = clock_timestamp()
where {key} = {given} and {column}_verified_at is not null and id <> $1
"""
_VERIFY = """
update users set {column}_verified_at = clock_timestamp(), updated_at = clock_timestamp() where id = $1
"""


async def lock(session: Session, contact: Contact, user_id: UUID) -> None:
    """Locks the user's address or number until the unit ends, then the user and whoever has verified it.

    All who verify the same one take turns.
    """
    await session.execute(_of(_LOCK, contact), user_id)
    await session.execute(_of(_LOCK_ROWS, contact), user_id)


async def verify(session: Session, contact: Contact, user_id: UUID, address: str) -> None:
    """The user has verified that address or number, which is theirs; for another user it is not verified any more."""
    await session.execute(_of(_TAKE, contact), user_id, address)
    await session.execute(_of(_VERIFY, contact), user_id)


def _of(statement: str, contact: Contact) -> str:
    key = _KEY[contact]
    return statement.format(column=contact, name=_NAME[contact], key=key.format(contact), given=key.format("$2"))
