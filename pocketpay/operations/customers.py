"""Finding a customer by whatever is known of them, exactly: operators look somebody up, they do not browse.

Whoever acts on a customer locks them: acts on one customer take turns, and with everything that changes how they sign
in.
"""

from dataclasses import dataclass
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.identity.repository import people, profiles
from pocketpay.identity.user import User
from pocketpay.transactions.errors import WalletClosed
from pocketpay.transactions.repository import lookups
from pocketpay.wallets import repository as wallets

MOST = 10
"""One text is at most one username, one verified address, one number, and the two sides of a transaction. Any number
of people may have given an address without verifying it."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What a text may mean, each in the form it is kept in; None where it cannot be that."""

    username: str | None = None
    email: str | None = None
    phone: str | None = None
    user_id: UUID | None = None
    wallet_id: UUID | None = None
    transaction_id: UUID | None = None


async def find(session: Session, sought: Sought) -> list[User]:
    """Whoever is meant, those who have left too; of a transaction both sides."""
    wallet_ids = [] if sought.wallet_id is None else [sought.wallet_id]
    if sought.user_id is not None:
        wallet_ids += [user.wallet_id for user in (await people.users(session, [sought.user_id])).values()]
    if sought.transaction_id is not None:
        parties = await lookups.parties(session, sought.transaction_id)
        sides = () if parties is None else (parties.source_id, parties.destination_id)
        wallet_ids += [side for side in sides if side is not None]
    return await people.matching(
        session,
        username=sought.username,
        email=sought.email,
        phone=sought.phone,
        wallet_ids=wallet_ids,
        limit=MOST,
    )


async def wallet_of(session: Session, sought: Sought) -> UUID | None:
    """The wallet that is meant by its own id, by its owner's, or by the username of somebody who is here; None when
    there is none."""
    if sought.user_id is not None:
        user = (await people.users(session, [sought.user_id])).get(sought.user_id)
        return None if user is None else user.wallet_id
    if sought.wallet_id is not None:
        return sought.wallet_id if await wallets.currencies(session, [sought.wallet_id]) else None
    owner = None if sought.username is None else await profiles.by_username(session, sought.username)
    return None if owner is None else owner.wallet_id


async def owner(session: Session, wallet_id: UUID) -> User:
    """The owner of a wallet that exists, who may have left."""
    return (await people.owners(session, [wallet_id]))[wallet_id]


async def lock(session: Session, wallet_id: UUID) -> User:
    """Locks the row of that wallet's owner and gives them as they are then. Raises WalletClosed: they have left."""
    user = await people.lock_user(session, (await owner(session, wallet_id)).id)
    if user is None:
        raise WalletClosed
    return user
