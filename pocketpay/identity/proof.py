"""A correct password counts only while its hash is still the user's current one.

Verifying a password takes about 24 ms and runs outside any unit of work, so the password can be changed meanwhile.
The unit of work that follows locks the user's row and checks that the verified hash is still the current one. If it
is not, the whole attempt is repeated, beginning with the read.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Session
from pocketpay.errors import PocketPayError
from pocketpay.identity.errors import Unauthenticated
from pocketpay.identity.repository import people
from pocketpay.identity.repository.people import Credentials
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.viewer import Viewer

TRIES = 4
"""Attempts. A password is rarely changed and a hash rarely renewed, so repeated replacements are unlikely."""

T = TypeVar("T")


class HashReplaced(PocketPayError):
    """The hash that the password was verified against is no longer the user's hash."""


async def credentials(services: IdentityServices, viewer: Viewer) -> Credentials:
    """Returns the viewer's user and password hash.

    Raises Unauthenticated when the user's account was closed meanwhile, and a Refusal when the user is locked out:
    then no password is verified, and nobody learns whether it was right.
    """
    async with services.database.read() as session:
        found = await people.by_id(session, viewer.user_id)
        await services.require_unlocked(session, viewer.wallet_id)
    if found is None:
        raise Unauthenticated
    return found


async def is_current(session: Session, user_id: UUID, *hashes: str) -> bool:
    """Locks the user's row, within a unit of work, and returns True when one of `hashes` is the user's hash.

    Returns False when the user's account is closed. Raises HashReplaced when the user now has another hash.
    """
    stored = await people.lock_hash(session, user_id)
    if stored is not None and stored not in hashes:
        raise HashReplaced
    return stored is not None


async def retry_when_replaced(attempt: Callable[[], Awaitable[T]]) -> T:
    """Runs `attempt`, repeats it when it raises HashReplaced, and returns its result.

    Raises ServiceBusy when the last of the TRIES attempts raises HashReplaced too.
    """
    for _ in range(TRIES):
        try:
            return await attempt()
        except HashReplaced:
            continue
    raise ServiceBusy("the password changes each time it is compared")
