"""The gate: turns an access token into a viewer, on every request. It caches tokens and sessions.

    a cached token                      checks only its expiry
    a new token of a cached session     verifies its signature
    a token of a session not cached     verifies its signature and reads the session, in a batch with the others
                                        that are new at this moment: the session must be live, and of the token's
                                        user and wallet

The cache is correct only while this server is notified of every session that ends. A signal removes the session. A
gap in the notifications removes everything. While the listener is disconnected nothing is cached, and every request
reads its session.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from uuid import UUID

from pocketpay.database.failures import ServiceBusy
from pocketpay.database.joined import JoinedRead
from pocketpay.database.sessions import Database
from pocketpay.identity.repository import sessions
from pocketpay.identity.tokens import AccessTokens, BadToken, Claims, ExpiredToken
from pocketpay.identity.viewer import Viewer
from pocketpay.updates.signals import Signal

MAX_TOKENS = 20_000
"""Cached tokens, about 20 MB. Beyond that, the token cached first is removed; its next request checks it again."""

MAX_READS = 10
"""Reads of one session that may be repeated because another session ended during each of them. To reach this limit,
about a thousand sessions would have to end in a second."""


class Denial(Enum):
    """Why a token is refused. A WebSocket closes with 4401 for REVOKED and with 4403 for the others."""

    BAD = "bad"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(slots=True)
class _Known:
    """A cached session, and its tokens that were verified since it was read."""

    viewer: Viewer
    tokens: set[str] = field(default_factory=set)


class Gate:
    """This server's cache of tokens and sessions; a subscriber of the hub.

    `listening` is whether this server is notified of sessions that end. It is False at first. Setting it empties the
    cache.
    """

    def __init__(
        self,
        database: Database,
        access_tokens: AccessTokens,
        *,
        max_tokens: int = MAX_TOKENS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._standings = JoinedRead[UUID, sessions.Standing](database, sessions.standings)
        self._access_tokens = access_tokens
        self._max_tokens = max_tokens
        self._clock = clock
        self._tokens: dict[str, Claims] = {}
        self._sessions: dict[UUID, _Known] = {}
        self._listening = False
        self._evictions = 0

    @property
    def listening(self) -> bool:
        return self._listening

    @listening.setter
    def listening(self, is_listening: bool) -> None:
        self._listening = is_listening
        self.clear()

    def on_signal(self, signal: Signal) -> None:
        """Removes the sessions that have ended. The hub calls this method for each committed change."""
        if signal.sessions:
            self.evict(signal.sessions)

    def on_gap(self, since: datetime) -> None:
        """Empties the cache and starts caching. The hub calls this method when the listener is connected again,
        because signals after `since` may have been lost."""
        self.listening = True

    def on_disconnect(self) -> None:
        """Stops caching. The hub calls this method when the listener's connection is lost."""
        self.listening = False

    async def viewer(self, token: str) -> Viewer | None:
        """Returns the viewer of a token, or None when it is invalid, expired, or of a session that has ended.

        Raises ServiceBusy when the session cannot be read now.
        """
        known = self._tokens.get(token)
        if known is not None and self._clock() < known.expires_at:
            return known.viewer
        found = await self.check(token)
        return found.viewer if isinstance(found, Claims) else None

    async def check(self, token: str) -> Claims | Denial:
        """Like `viewer`, for a WebSocket: returns the claims with their expiry, or why the token is refused."""
        known = self._tokens.get(token)
        if known is not None:
            if self._clock() < known.expires_at:
                return known
            self._drop(token, known)
            return Denial.EXPIRED
        try:
            claims = self._access_tokens.read(token)
        except ExpiredToken:
            return Denial.EXPIRED
        except BadToken:
            return Denial.BAD
        return await self._look_up(token, claims)

    def evict(self, session_ids: Iterable[UUID]) -> None:
        """Removes sessions that have ended. Their tokens are refused from now on."""
        self._evictions += 1
        for session_id in session_ids:
            known = self._sessions.pop(session_id, None)
            for token in known.tokens if known is not None else ():
                self._tokens.pop(token, None)

    def clear(self) -> None:
        """Empties the cache, so that each session is read again: any of them may have ended without a signal."""
        self._evictions += 1
        self._tokens.clear()
        self._sessions.clear()

    async def _look_up(self, token: str, claims: Claims) -> Claims | Denial:
        session_id = claims.viewer.session_id
        known = self._sessions.get(session_id)
        if known is None:
            standing = await self._standing(session_id)
            if standing is None or not standing.live:
                return Denial.REVOKED
            known = _Known(Viewer(standing.user_id, standing.wallet_id, session_id))
            if not self._listening:
                return claims if known.viewer == claims.viewer else Denial.BAD
            known = self._sessions.setdefault(session_id, known)
        if known.viewer != claims.viewer:
            return Denial.BAD
        self._remember(token, claims, known)
        return claims

    async def _standing(self, session_id: UUID) -> sessions.Standing | None:
        """Reads the session, and reads it again when any session has ended meanwhile.

        If this session ended during the read, its signal has already come and will not come again, so a WebSocket
        that is accepted with the old result would stay open.
        """
        for _ in range(MAX_READS):
            evictions = self._evictions
            standing = await self._standings.load(session_id)
            if standing is None or not standing.live or evictions == self._evictions:
                return standing
        raise ServiceBusy("sessions end faster than they can be read")

    def _remember(self, token: str, claims: Claims, known: _Known) -> None:
        if len(self._tokens) >= self._max_tokens:
            oldest = next(iter(self._tokens))
            self._drop(oldest, self._tokens[oldest])
        # Another request may have removed the session since it was read. It is still live, so it is put back.
        self._sessions[claims.viewer.session_id] = known
        known.tokens.add(token)
        self._tokens[token] = claims

    def _drop(self, token: str, claims: Claims) -> None:
        self._tokens.pop(token, None)
        known = self._sessions.get(claims.viewer.session_id)
        if known is not None:
            known.tokens.discard(token)
            if not known.tokens:
                del self._sessions[claims.viewer.session_id]
