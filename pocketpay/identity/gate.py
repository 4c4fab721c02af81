"""The gate: from a token to a viewer, on every request.

    a token seen before       one look into a dict, and its time
    a token of a known sid    its signature
    a sid not known here      its signature, and the session looked up once, together with all that are new just now:
                              there, living, its user's and wallet's

What is remembered is true only as long as this server hears of every session that ends: a signal drops the session, a
gap of the listener drops all, and while it is down nothing is remembered and every request looks.
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

MOST_TOKENS = 20_000
"""Remembered at once: some 20 MB. Beyond, the one remembered longest is forgotten, and costs its check again."""

MOST_LOOKS = 10
"""At one session, while others end during each look: a thousand would have to end in a second."""


class Denial(Enum):
    """Why a token opens nothing. A socket closes with 4401 for REVOKED, with 4403 for the others."""

    BAD = "bad"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(slots=True)
class _Known:
    """A session that was looked up, and the tokens of it that were believed since."""

    viewer: Viewer
    tokens: set[str] = field(default_factory=set)


class Gate:
    """What this server remembers of tokens and sessions; a subscriber of the hub.

    `listening` is whether this server hears of sessions that end; it starts as False, and what is set False forgets.
    """

    def __init__(
        self,
        database: Database,
        access_tokens: AccessTokens,
        *,
        most_tokens: int = MOST_TOKENS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._standings = JoinedRead[UUID, sessions.Standing](database, sessions.standings)
        self._access_tokens = access_tokens
        self._most_tokens = most_tokens
        self._clock = clock
        self._tokens: dict[str, Claims] = {}
        self._sessions: dict[UUID, _Known] = {}
        self._listening = False
        self._forgotten = 0

    @property
    def listening(self) -> bool:
        return self._listening

    @listening.setter
    def listening(self, hears: bool) -> None:
        self._listening = hears
        self.forget_all()

    def on_signal(self, signal: Signal) -> None:
        """The hub: that was committed."""
        if signal.sessions:
            self.forget(signal.sessions)

    def on_gap(self, since: datetime) -> None:
        """The hub: from now on all is heard; what was committed since that moment may not have been."""
        self.listening = True

    def on_disconnect(self) -> None:
        """The hub: nothing is heard."""
        self.listening = False

    async def viewer(self, token: str) -> Viewer | None:
        """Who shows that token, or None when it is bad, expired, or of a session that has ended.

        Raises ServiceBusy when the session cannot be looked up now.
        """
        known = self._tokens.get(token)
        if known is not None and self._clock() < known.expires_at:
            return known.viewer
        found = await self.check(token)
        return found.viewer if isinstance(found, Claims) else None

    async def check(self, token: str) -> Claims | Denial:
        """The same for a socket, which must know until when it may stay open, and why it may not."""
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
        return await self._looked_up(token, claims)

    def forget(self, session_ids: Iterable[UUID]) -> None:
        """Those sessions have ended: their tokens open nothing from now on."""
        self._forgotten += 1
        for session_id in session_ids:
            known = self._sessions.pop(session_id, None)
            for token in known.tokens if known is not None else ():
                self._tokens.pop(token, None)

    def forget_all(self) -> None:
        """Any session may have ended unheard: each is looked up again."""
        self._forgotten += 1
        self._tokens.clear()
        self._sessions.clear()

    async def _looked_up(self, token: str, claims: Claims) -> Claims | Denial:
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
        """How that session stands, if it lives as of a moment after which no end of one was heard here.

        One that ended while it was looked up has been told of already, and will not be again: a socket let in by the
        answer would stay.
        """
        for _ in range(MOST_LOOKS):
            forgotten = self._forgotten
            standing = await self._standings.load(session_id)
            if standing is None or not standing.live or forgotten == self._forgotten:
                return standing
        raise ServiceBusy("sessions end faster than they can be looked up")

    def _remember(self, token: str, claims: Claims, known: _Known) -> None:
        if len(self._tokens) >= self._most_tokens:
            oldest = next(iter(self._tokens))
            self._drop(oldest, self._tokens[oldest])
        # Another request may have dropped the session between the look and here; then it is put back, still true.
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
