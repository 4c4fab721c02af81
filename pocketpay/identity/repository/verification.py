"""The verified email address and phone number of users. Each is verified for at most one user."""

from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.identity.contacts import Contact

_KEY = {Contact.EMAIL: "lower({0})", Contact.PHONE: "{0}"}
"""The SQL for the form in which two addresses or numbers are compared."""

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
"""Locks in the order of ids: two users may take over an address and a number from each other at the same time."""

_TAKE = """
update users set {column}_verified_at = null, updated_at = clock_timestamp()
where {key} = {given} and {column}_verified_at is not null and id <> $1
"""
_VERIFY = """
update users set {column}_verified_at = clock_timestamp(), updated_at = clock_timestamp() where id = $1
"""


async def lock(session: Session, contact: Contact, user_id: UUID) -> None:
    """Locks the user's address or number until the unit of work ends, then the user and the user who has verified it.

    So users who verify the same address or number take turns.
    """
    await session.execute(_of(_LOCK, contact), user_id)
    await session.execute(_of(_LOCK_ROWS, contact), user_id)


async def verify(session: Session, contact: Contact, user_id: UUID, address: str) -> None:
    """Marks the user's address or number as verified, and as not verified for every other user."""
    await session.execute(_of(_TAKE, contact), user_id, address)
    await session.execute(_of(_VERIFY, contact), user_id)


def _of(statement: str, contact: Contact) -> str:
    key = _KEY[contact]
    return statement.format(column=contact, name=_NAME[contact], key=key.format(contact), given=key.format("$2"))
