"""Sessions: opening one, listing them, ending them.

Ending is told to every server in the same unit of work: tokens of that session open nothing any more, anywhere, and
its sockets close.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from pocketpay.database.sessions import Session as Connected
from pocketpay.identity.errors import NoSuchSession, Unauthenticated
from pocketpay.identity.repository import people
from pocketpay.identity.repository import sessions as repository
from pocketpay.identity.services import IdentityServices
from pocketpay.identity.session import Lifetime, Session
from pocketpay.identity.until_known import until_known
from pocketpay.identity.viewer import Viewer

MOST_LISTED = repository.MOST_SESSIONS
"""Live sessions that one user has at most."""


async def open_session(
    session: Connected, viewer: Viewer, *, token_hash: bytes, user_agent: str | None, lifetime: Lifetime
) -> datetime | None:
    """Within a unit of work: opens the viewer's session and ends the oldest past the fiftieth. Gives when it expires.

    None when the user has closed. The same ids again change nothing.
    """
    if not await people.lock_open(session, viewer.user_id):
        return None
    expires_at = await repository.open_session(
        session,
        session_id=viewer.session_id,
        user_id=viewer.user_id,
        user_agent=user_agent,
        token_hash=token_hash,
        lifetime=lifetime,
    )
    beyond = await repository.beyond_the_most(session, viewer.user_id)
    if beyond:
        await repository.end(session, viewer.user_id, beyond)
    return expires_at


async def live(services: IdentityServices, viewer: Viewer) -> list[Session]:
    """The viewer's sessions that live, the newest first."""
    async with services.database.read() as session:
        return await repository.live(session, viewer.user_id)


async def sign_out(services: IdentityServices, viewer: Viewer) -> int:
    """Ends the session the viewer asks through. Gives how many ended: one, or none when it had before."""

    async def end_own(session: Connected) -> list[UUID]:
        return await repository.end(session, viewer.user_id, [viewer.session_id])

    return await _ended(services, end_own)


async def revoke(services: IdentityServices, viewer: Viewer, session_id: UUID | None) -> int:
    """Ends one of the viewer's sessions and gives 1, or 0 when it had ended before.

    None, unknown or somebody else's raises NoSuchSession.
    """
    if session_id is None:
        raise NoSuchSession
    one = session_id

    async def end_one(session: Connected) -> list[UUID]:
        if not await repository.is_of(session, viewer.user_id, one):
            raise NoSuchSession
        return await repository.end(session, viewer.user_id, [one])

    return await _ended(services, end_one)


async def revoke_others(services: IdentityServices, viewer: Viewer) -> int:
    """Ends every session of the viewer but the one they ask through, and gives how many."""

    async def end_all_but_this(session: Connected) -> list[UUID]:
        await people.lock_open(session, viewer.user_id)
        return await end_others(session, viewer)

    return await _ended(services, end_all_but_this)


async def end_others(session: Connected, viewer: Viewer) -> list[UUID]:
    """Within a unit of work that holds the user's row: ends all of the viewer's sessions but this one, gives which.

    Raises Unauthenticated when this one has ended meanwhile: then it ends no others.
    """
    living = [one.id for one in await repository.live(session, viewer.user_id)]
    if viewer.session_id not in living:
        raise Unauthenticated
    others = [session_id for session_id in living if session_id != viewer.session_id]
    return await repository.end(session, viewer.user_id, others)


async def end_all(session: Connected, user_id: UUID) -> list[UUID]:
    """Within a unit of work that holds the user's row: ends all of the user's sessions, gives which."""
    living = [one.id for one in await repository.live(session, user_id)]
    return await repository.end(session, user_id, living)


async def _ended(services: IdentityServices, end: Callable[[Connected], Awaitable[list[UUID]]]) -> int:
    async def unit() -> list[UUID]:
        async with services.database.write() as session:
            return await end(session)

    ended = await until_known(unit)
    # The signal will come, but whoever has just signed out should not have to wait for it.
    services.gate.forget(ended)
    return len(ended)
