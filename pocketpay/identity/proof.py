"""What it is worth that somebody has shown their password: nothing any more once another has been set.

Comparing takes some 24 ms and is done outside any unit of work, so the password can be changed meanwhile. Whatever is
done because it was the right one looks again, with the user's row locked, whether it still is; if not, all is tried
once more, from the reading on.
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
"""A password is changed, or its hash renewed, once in a long while; not again each time it is compared."""

T = TypeVar("T")


class Replaced(PocketPayError):
    """What was compared with is not the user's hash any more."""


async def credentials(services: IdentityServices, viewer: Viewer) -> Credentials:
    """What the viewer's password is compared with.

    Raises Unauthenticated when they have left meanwhile, and a Refusal when they are locked out: then no password is
    compared, and nobody learns whether it was right.
    """
    async with services.database.read() as session:
        found = await people.by_id(session, viewer.user_id)
        await services.require_unlocked(session, viewer.wallet_id)
    if found is None:
        raise Unauthenticated
    return found


async def stands(session: Session, user_id: UUID, *hashes: str) -> bool:
    """Within a unit of work: locks the user's row, and says whether one of these is their hash.

    False when they have left; raises Replaced when the hash is another one.
    """
    kept = await people.lock_hash(session, user_id)
    if kept is not None and kept not in hashes:
        raise Replaced
    return kept is not None


async def until_it_stands(attempt: Callable[[], Awaitable[T]]) -> T:
    """What `attempt` gives, tried again while it raises Replaced. Raises ServiceBusy when that never ends."""
    for _ in range(TRIES):
        try:
            return await attempt()
        except Replaced:
            continue
    raise ServiceBusy("the password changes each time it is compared")
