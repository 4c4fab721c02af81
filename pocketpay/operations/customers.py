"""Finding a customer by an exact value. Operators can look one customer up; they cannot browse customers.

An act on a customer locks the customer's row. So acts on one customer run one after another, and never at the same
time as a change of how the customer signs in.
"""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.identity.repository import people, profiles
from pocketpay.identity.user import User
from pocketpay.transactions.errors import WalletClosed
from pocketpay.transactions.repository import lookups
from pocketpay.wallets import repository as wallets

MAX_FOUND = 10
"""The most customers that one search returns. A text matches at most one username, one verified address, one phone
number and the two sides of a transaction, but any number of people may have entered an address without verifying
it."""


@dataclass(frozen=True, slots=True)
class CustomerQuery:
    """The possible meanings of a search text, each in its stored form; None where the text cannot have the
    meaning."""

    username: str | None = None
    email: str | None = None
    phone: str | None = None
    user_id: UUID | None = None
    wallet_id: UUID | None = None
    transaction_id: UUID | None = None


async def find(session: Session, query: CustomerQuery) -> list[User]:
    """Returns the customers that match, including closed accounts; for a transaction, the customers on both sides."""
    wallet_ids = [] if query.wallet_id is None else [query.wallet_id]
    if query.user_id is not None:
        wallet_ids += [user.wallet_id for user in (await people.users(session, [query.user_id])).values()]
    if query.transaction_id is not None:
        parties = await lookups.parties(session, query.transaction_id)
        sides = () if parties is None else (parties.source_id, parties.destination_id)
        wallet_ids += [side for side in sides if side is not None]
    return await people.matching(
        session,
        username=query.username,
        email=query.email,
        phone=query.phone,
        wallet_ids=wallet_ids,
        limit=MAX_FOUND,
    )


async def wallet_of(session: Session, query: CustomerQuery) -> UUID | None:
    """Returns the wallet with the wallet id, the owner's user id, or the username of an open account; else None."""
    if query.user_id is not None:
        user = (await people.users(session, [query.user_id])).get(query.user_id)
        return None if user is None else user.wallet_id
    if query.wallet_id is not None:
        return query.wallet_id if await wallets.currencies(session, [query.wallet_id]) else None
    owner = None if query.username is None else await profiles.by_username(session, query.username)
    return None if owner is None else owner.wallet_id


async def owner(session: Session, wallet_id: UUID) -> User:
    """Returns the owner of a wallet, which must exist. The owner's account may be closed."""
    return (await people.owners(session, [wallet_id]))[wallet_id]


async def lock(session: Session, wallet_id: UUID) -> User:
    """Locks the row of the wallet's owner and returns the owner. Raises WalletClosed when the account is closed."""
    user = await people.lock_user(session, (await owner(session, wallet_id)).id)
    if user is None:
        raise WalletClosed
    return user
