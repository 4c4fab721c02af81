"""Refreshing a session: a refresh token is exchanged, once, for the next one of its session.

the token                            the answer
unknown, or its session has ended    INVALID_TOKEN
not used yet                         its successor, and a new access token
used within 10 s, successor unused   the same successor: the first reply was lost on the way
used, otherwise                      INVALID_TOKEN, and the session ends: two clients have this token, and one of them
                                     stole it (RFC 9700, 4.14.2)
valid, but its user is locked out    a Refusal; the token stays as it is (services.LockOut)
"""

from datetime import datetime, timedelta

from pocketpay.identity.errors import InvalidToken
from pocketpay.identity.repository import people, sessions
from pocketpay.identity.services import Admission, IdentityServices
from pocketpay.identity.until_known import until_known
from pocketpay.identity.user import User
from pocketpay.identity.viewer import Viewer

GRACE = timedelta(seconds=10)

Renewed = tuple[User, Viewer, bytes, datetime]


async def refresh_session(services: IdentityServices, refresh_token: str) -> Admission:
    """Returns the next tokens of the session that this refresh token belongs to.

    Raises InvalidToken, also when this ends the session, and a Refusal when the user is locked out. Two refreshes at
    once take turns on the session's row: the second is treated as a retry of the first and gets the same tokens.
    """
    # The stored hash decides which successor is returned. A new session token stores the first one. A server with
    # another first key may have stored another one before, and its reply was lost.
    tokens = services.refresh_tokens
    successors = {tokens.hash_of(successor): successor for successor in tokens.successors(refresh_token)}

    async def unit() -> Renewed | None:
        return await _renewed(services, tokens.hash_of(refresh_token), list(successors))

    renewed = await until_known(unit)
    if renewed is None:
        raise InvalidToken
    user, viewer, successor_hash, expires_at = renewed
    return services.admit(user, viewer, successors[successor_hash], expires_at)


async def _renewed(services: IdentityServices, token_hash: bytes, successor_hashes: list[bytes]) -> Renewed | None:
    """Runs the unit of work. Returns None for a refusal instead of raising, so that an ended session is committed."""
    async with services.database.write() as session:
        token = await sessions.lock_generation(session, token_hash, successor_hashes, grace=GRACE)
        if token is None or not token.live:
            return None
        successor_hash = token.successor_hash or successor_hashes[0]
        lost_reply = token.used_just_now and token.successor_hash is not None and not token.successor_used
        if token.used and not lost_reply:
            await sessions.end(session, token.user_id, [token.session_id])
            return None
        await services.require_unlocked(session, token.wallet_id)
        expires_at = token.expires_at
        if not token.used:
            expires_at = await sessions.rotate(session, token, token_hash, successor_hash, lifetime=services.lifetime)
        user = (await people.users(session, [token.user_id]))[token.user_id]
    return user, Viewer(token.user_id, token.wallet_id, token.session_id), successor_hash, expires_at
