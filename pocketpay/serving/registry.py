"""The open websockets and event streams of this server: counts them per address and user, closes those of ended
sessions."""

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
"""Seconds between two attempts to check sessions while the database is not available."""


class OpenSocket(Protocol):
    """A websocket or an event stream, as `Sockets` counts it. `viewer` is None until a token has been accepted."""

    address: str
    viewer: Viewer | None
    token: str | None

    def end(self, code: int, reason: str) -> None:
        """Ends the event stream, or closes the websocket with this close code and reason."""
        ...


class Sockets:
    """Counts websockets and event streams, and closes those of ended sessions.

    Sockets that have not signed in are counted by address, signed-in ones by user, so that anonymous sockets from the
    same address use none of a user's sockets. An anonymous socket beyond the limit closes the oldest anonymous one of
    its address, because the new one may still sign in.
    """

    def __init__(self, *, max_per_address: int, max_per_user: int) -> None:
        self._max_per_address, self._max_per_user = max_per_address, max_per_user
        self._anonymous: dict[str, dict[OpenSocket, None]] = {}
        self._users: dict[UUID, set[OpenSocket]] = {}
        self._sessions: dict[UUID, set[OpenSocket]] = {}

    def add(self, socket: OpenSocket) -> None:
        """Counts a new socket for its address. When there are too many, closes the oldest anonymous socket of that
        address (4429)."""
        anonymous = self._anonymous.setdefault(networks.address(socket.address), {})
        if len(anonymous) >= self._max_per_address:
            oldest = next(iter(anonymous))
            del anonymous[oldest]
            oldest.end(4429, "Too many sockets")
        anonymous[socket] = None

    def open(self, socket: OpenSocket) -> bool:
        """Counts an event stream, for its viewer or, without one, for its address. Returns False when the user has
        too many."""
        if socket.viewer is not None:
            return self.sign_in(socket)
        self.add(socket)
        return True

    def sign_in(self, socket: OpenSocket) -> bool:
        """Counts a socket for its viewer; returns False when the user has too many."""
        viewer = socket.viewer
        assert viewer is not None  # noqa: S101 - it has signed in
        of_user = self._users.setdefault(viewer.user_id, set())
        if len(of_user) >= self._max_per_user:
            return False
        self._remove_anonymous(socket)
        of_user.add(socket)
        self._sessions.setdefault(viewer.session_id, set()).add(socket)
        return True

    def remove(self, socket: OpenSocket) -> None:
        """Stops counting a closed socket."""
        self._remove_anonymous(socket)
        if socket.viewer is not None:
            _drop(self._users, socket.viewer.user_id, socket)
            _drop(self._sessions, socket.viewer.session_id, socket)

    def _remove_anonymous(self, socket: OpenSocket) -> None:
        """Stops counting the socket as anonymous."""
        address = networks.address(socket.address)
        anonymous = self._anonymous.get(address)
        if anonymous is not None:
            anonymous.pop(socket, None)
            if not anonymous:
                del self._anonymous[address]

    def close_sessions(self, session_ids: Iterable[UUID]) -> None:
        """Closes the sockets of these revoked sessions (4401)."""
        for session_id in session_ids:
            for socket in tuple(self._sessions.get(session_id, ())):
                socket.end(4401, "Session revoked")

    async def recheck(self, gate: Gate) -> None:
        """Checks every session again, because signals about revoked sessions may have been lost."""
        for session_id, sockets in list(self._sessions.items()):
            token = next((socket.token for socket in sockets if socket.token), None)
            if token is not None and await gate.check(token) is Denial.REVOKED:
                self.close_sessions((session_id,))


class Revocations:
    """A subscriber of the hub that closes the sockets of ended sessions. It must join the hub after the gate."""

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
        """Does nothing: `on_gap` checks the sessions once the listener is connected again."""

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


def _drop(groups: dict[UUID, set[OpenSocket]], key: UUID, socket: OpenSocket) -> None:
    sockets = groups.get(key)
    if sockets is not None:
        sockets.discard(socket)
        if not sockets:
            del groups[key]
