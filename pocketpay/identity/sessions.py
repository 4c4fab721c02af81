"""Sessions: opening one, listing them, ending them.

Every server is notified in the same unit of work that ends a session. No server accepts the session's tokens after
that, and its WebSockets close.
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

MAX_LISTED = repository.MAX_SESSIONS
"""The maximum number of live sessions of one user."""


async def open_session(
    session: Connected, viewer: Viewer, *, token_hash: bytes, user_agent: str | None, lifetime: Lifetime
) -> datetime | None:
    """Opens the viewer's session, within a unit of work, and ends the user's oldest sessions beyond MAX_SESSIONS.

    Returns when the session expires, or None when the user's account is closed. Idempotent for the same ids.
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
    beyond = await repository.beyond_limit(session, viewer.user_id)
    if beyond:
        await repository.end(session, viewer.user_id, beyond)
    return expires_at


async def live(services: IdentityServices, viewer: Viewer) -> list[Session]:
    """The viewer's live sessions, newest first."""
    async with services.database.read() as session:
        return await repository.live(session, viewer.user_id)


async def sign_out(services: IdentityServices, viewer: Viewer) -> int:
    """Ends the session of this request. Returns how many sessions ended: 1, or 0 when it had ended before."""

    async def end_own(session: Connected) -> list[UUID]:
        return await repository.end(session, viewer.user_id, [viewer.session_id])

    return await _ended(services, end_own)


async def revoke(services: IdentityServices, viewer: Viewer, session_id: UUID | None) -> int:
    """Ends one of the viewer's sessions. Returns 1, or 0 when it had ended before.

    Raises NoSuchSession when the id is None, unknown, or of another user's session.
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
    """Ends every session of the viewer except the one of this request, and returns how many ended."""

    async def end_all_but_this(session: Connected) -> list[UUID]:
        await people.lock_open(session, viewer.user_id)
        return await end_others(session, viewer)

    return await _ended(services, end_all_but_this)


async def end_others(session: Connected, viewer: Viewer) -> list[UUID]:
    """Ends all sessions of the viewer except the one of this request, and returns the ids of the ended ones.

    Runs in a unit of work that has locked the user's row. Raises Unauthenticated, and ends nothing, when the session
    of this request has ended meanwhile.
    """
    live_ids = [one.id for one in await repository.live(session, viewer.user_id)]
    if viewer.session_id not in live_ids:
        raise Unauthenticated
    others = [session_id for session_id in live_ids if session_id != viewer.session_id]
    return await repository.end(session, viewer.user_id, others)


async def end_all(session: Connected, user_id: UUID) -> list[UUID]:
    """Ends all sessions of the user and returns their ids, in a unit of work that has locked the user's row."""
    live_ids = [one.id for one in await repository.live(session, user_id)]
    return await repository.end(session, user_id, live_ids)


async def _ended(services: IdentityServices, end: Callable[[Connected], Awaitable[list[UUID]]]) -> int:
    async def unit() -> list[UUID]:
        async with services.database.write() as session:
            return await end(session)

    ended = await until_known(unit)
    # The signal does the same, but later; the tokens must stop working before the answer is sent.
    services.gate.evict(ended)
    return len(ended)
