"""The websockets that are open on this server: how many of whom, and which of a session that has ended."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from starlette.types import Receive, Scope, Send

from pocketpay.database.failures import ServiceBusy
from pocketpay.identity.gate import Denial, Gate
from pocketpay.identity.viewer import Viewer
from pocketpay.serving.metrics import Metrics
from pocketpay.updates.signals import Signal

RECHECK_SECONDS = 1.0
"""Between two tries to look sessions up again while the database is away."""


class OpenSocket(Protocol):
    """A websocket as its server counts it. `viewer` is None until a token has been accepted."""

    viewer: Viewer | None
    token: str | None

    def end(self, code: int, reason: str) -> None:
        """Closes it from elsewhere."""
        ...


class Sockets:
    """Counts websockets by address and by user, and ends those of sessions that have ended."""

    def __init__(self, metrics: Metrics, *, most_per_address: int, most_per_user: int) -> None:
        self._metrics = metrics
        self._most_per_address, self._most_per_user = most_per_address, most_per_user
        self._addresses: Counter[str] = Counter()
        self._users: dict[UUID, set[OpenSocket]] = {}
        self._sessions: dict[UUID, set[OpenSocket]] = {}

    async def admit(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        serve: Callable[[Scope, Receive, Send], Awaitable[None]],
    ) -> None:
        """Serves a handshake, or refuses it (403) when its address has too many sockets."""
        client = scope.get("client")
        address = client[0] if client else ""
        if self._addresses[address] >= self._most_per_address:
            await receive()
            await send({"type": "websocket.close", "code": 1013})
            return
        self._addresses[address] += 1
        self._metrics.sockets.inc()
        try:
            await serve(scope, receive, send)
        finally:
            self._metrics.sockets.dec()
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    def signed_in(self, socket: OpenSocket) -> bool:
        """Counts a socket to its viewer; False when they have too many."""
        viewer = socket.viewer
        assert viewer is not None  # noqa: S101 - it has signed in
        of_user = self._users.setdefault(viewer.user_id, set())
        if len(of_user) >= self._most_per_user:
            return False
        of_user.add(socket)
        self._sessions.setdefault(viewer.session_id, set()).add(socket)
        return True

    def left(self, socket: OpenSocket) -> None:
        """The socket is closed."""
        if socket.viewer is not None:
            _drop(self._users, socket.viewer.user_id, socket)
            _drop(self._sessions, socket.viewer.session_id, socket)

    def close_sessions(self, session_ids: Iterable[UUID]) -> None:
        """Those sessions have been revoked: their sockets end with 4401."""
        for session_id in session_ids:
            for socket in tuple(self._sessions.get(session_id, ())):
                socket.end(4401, "Session revoked")

    async def recheck(self, gate: Gate) -> None:
        """Looks every session up again: some may have ended unheard."""
        for session_id, sockets in list(self._sessions.items()):
            token = next((socket.token for socket in sockets if socket.token), None)
            if token is not None and await gate.check(token) is Denial.REVOKED:
                self.close_sessions((session_id,))


class Revocations:
    """A party of the hub, joined after the gate: ends the sockets of sessions that have ended."""

    def __init__(self, gate: Gate, sockets: Sockets) -> None:
        self._gate, self._sockets = gate, sockets
        self._rechecking: asyncio.Task[None] | None = None

    def hear(self, signal: Signal) -> None:
        if signal.sessions:
            self._sockets.close_sessions(signal.sessions)

    def missed(self, since: datetime) -> None:
        if self._rechecking is not None:
            self._rechecking.cancel()
        self._rechecking = asyncio.create_task(self._recheck(), name="recheck sessions")

    def deaf(self) -> None:
        """Nothing to do: what is missed is looked up when hearing works again."""

    async def close(self) -> None:
        if self._rechecking is not None:
            self._rechecking.cancel()
            await asyncio.wait({self._rechecking})

    async def _recheck(self) -> None:
        while True:
            try:
                await self._sockets.recheck(self._gate)
            except ServiceBusy:
                await asyncio.sleep(RECHECK_SECONDS)
            else:
                return


def _drop(kept: dict[UUID, set[OpenSocket]], key: UUID, socket: OpenSocket) -> None:
    sockets = kept.get(key)
    if sockets is not None:
        sockets.discard(socket)
        if not sockets:
            del kept[key]
