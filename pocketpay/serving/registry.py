"""The websockets that are open on this server: how many of whom, and which of a session that has ended."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from pocketpay.database.failures import ServiceBusy
from pocketpay.identity import networks
from pocketpay.identity.gate import Denial, Gate
from pocketpay.identity.viewer import Viewer
from pocketpay.updates.signals import Signal

RECHECK_SECONDS = 1.0
"""Between two tries to look sessions up again while the database is away."""


class OpenSocket(Protocol):
    """A websocket as its server counts it. `viewer` is None until a token has been accepted."""

    address: str
    viewer: Viewer | None
    token: str | None

    def end(self, code: int, reason: str) -> None:
        """Closes it from elsewhere."""
        ...


class Sockets:
    """Counts websockets, and ends those of sessions that have ended.

    Those that have not signed in are counted by address, the others by user: strangers at somebody's address take
    none of their sockets. A stranger's socket beyond the limit closes the oldest of its address, because nobody can
    say yet whether the new one will sign in.
    """

    def __init__(self, *, most_per_address: int, most_per_user: int) -> None:
        self._most_per_address, self._most_per_user = most_per_address, most_per_user
        self._strangers: dict[str, dict[OpenSocket, None]] = {}
        self._users: dict[UUID, set[OpenSocket]] = {}
        self._sessions: dict[UUID, set[OpenSocket]] = {}

    def arrived(self, socket: OpenSocket) -> None:
        """Counts a new socket to its address, and closes the oldest one there that has not signed in (4429) when
        there are too many."""
        strangers = self._strangers.setdefault(networks.address(socket.address), {})
        if len(strangers) >= self._most_per_address:
            oldest = next(iter(strangers))
            del strangers[oldest]
            oldest.end(4429, "Too many sockets")
        strangers[socket] = None

    def signed_in(self, socket: OpenSocket) -> bool:
        """Counts a socket to its viewer; False when they have too many."""
        viewer = socket.viewer
        assert viewer is not None  # noqa: S101 - it has signed in
        of_user = self._users.setdefault(viewer.user_id, set())
        if len(of_user) >= self._most_per_user:
            return False
        self._known(socket)
        of_user.add(socket)
        self._sessions.setdefault(viewer.session_id, set()).add(socket)
        return True

    def left(self, socket: OpenSocket) -> None:
        """The socket is closed."""
        self._known(socket)
        if socket.viewer is not None:
            _drop(self._users, socket.viewer.user_id, socket)
            _drop(self._sessions, socket.viewer.session_id, socket)

    def _known(self, socket: OpenSocket) -> None:
        """The socket is not a stranger's any more."""
        address = networks.address(socket.address)
        strangers = self._strangers.get(address)
        if strangers is not None:
            strangers.pop(socket, None)
            if not strangers:
                del self._strangers[address]

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
    """A subscriber of the hub, joined after the gate: ends the sockets of sessions that have ended."""

    def __init__(self, gate: Gate, sockets: Sockets) -> None:
        self._gate, self._sockets = gate, sockets
        self._rechecking: asyncio.Task[None] | None = None

    def on_signal(self, signal: Signal) -> None:
        if signal.sessions:
            self._sockets.close_sessions(signal.sessions)

    def on_gap(self, since: datetime) -> None:
        if self._rechecking is not None:
            self._rechecking.cancel()
        self._rechecking = asyncio.create_task(self._recheck(), name="recheck sessions")

    def on_disconnect(self) -> None:
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
