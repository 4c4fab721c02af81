"""Subscribers over graphql-transport-ws: to a wallet's balance, whose versions they record, or to something else."""

import asyncio
import re
import secrets
from base64 import b64encode
from typing import Generic, Protocol, TypeVar, cast

import orjson

from benchmarks.crowd import Person
from benchmarks.errors import BenchmarkError
from benchmarks.frames import CLOSE, PING, PONG, frame, split

PUSH_SECONDS = 10
"""Maximum time for a push to arrive. A push that takes longer counts as lost."""

QUERY = "subscription { balanceChanged { balance { amount } available { amount } version } }"
VERSION = re.compile(rb'"version": ?(\d+)')


class Watched(Protocol):
    """What a subscriber reports to."""

    @property
    def person(self) -> Person: ...

    def fail(self, reason: str) -> None: ...


W = TypeVar("W", bound=Watched)


class Subscriber(asyncio.Protocol, Generic[W]):
    """One websocket with one subscription. It searches each push for `found` and parses nothing else."""

    query: str
    found: "re.Pattern[bytes]"

    def __init__(self, watched: W) -> None:
        self._watched = watched
        self._data = b""
        self._is_open = self._is_closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        key = b64encode(secrets.token_bytes(16)).decode()
        self._transport.write(
            "GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._is_open:
            head, separator, rest = self._data.partition(b"\r\n\r\n")
            if not separator:
                return
            if b" 101 " not in head[:40]:
                self._watched.fail(f"A websocket was refused: {head[:200]!r}")
                return
            self._is_open, self._data = True, rest
            token = f"Bearer {self._watched.person.token}"
            self._send({"type": "connection_init", "payload": {"Authorization": token}})
        frames, self._data = split(self._data)
        for opcode, payload in frames:
            self._message(opcode, payload)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._is_closing:
            self._watched.fail(f"A websocket was closed: {error}")

    def received(self, text: bytes) -> None:
        """Called with the text that `found` has found in a push."""
        raise NotImplementedError  # each kind of subscriber has its own

    def close(self) -> None:
        self._is_closing = True
        if not self._transport.is_closing():
            self._transport.write(frame((1000).to_bytes(2, "big"), CLOSE))
            self._transport.close()

    def _message(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._transport.write(frame(payload, PONG))
        elif opcode == CLOSE:
            self._watched.fail(f"The server closed a websocket: {payload[2:].decode(errors='replace')}")
        elif (found := self.found.search(payload)) is not None:
            self.received(found[1])
        elif b'"connection_ack"' in payload:
            self._send({"type": "subscribe", "id": "1", "payload": {"query": self.query}})
        elif b'"ping"' in payload:
            self._send({"type": "pong"})
        else:
            self._watched.fail(f"A subscription failed: {payload[:300].decode(errors='replace')}")

    def _send(self, message: dict[str, object]) -> None:
        self._transport.write(frame(orjson.dumps(message)))


class WatchedWallet:
    """A user's wallet with its subscribers."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.pushes = 0
        self.newest = -1
        self._subscribers: list[WalletSubscriber] = []
        self._target = 0
        self._missing = 0
        self._reached: asyncio.Future[None] | None = None
        self._failure: str | None = None

    async def open(self, port: int, sockets: int) -> None:
        """Opens `sockets` subscriptions, and waits until each one has received the newest version."""
        loop = asyncio.get_running_loop()
        for _ in range(sockets):
            _, subscriber = await loop.create_connection(lambda: WalletSubscriber(self), "127.0.0.1", port)
            self._subscribers.append(subscriber)
        await self.reach(0)
        await self.reach(self.newest)

    async def reach(self, version: int) -> None:
        """Waits until every subscriber has received this version or a later one.

        Raises BenchmarkError when a socket has failed, or a push does not arrive within PUSH_SECONDS.
        """
        if self._failure is not None:
            raise BenchmarkError(self._failure)
        self._missing = sum(subscriber.version < version for subscriber in self._subscribers)
        if self._missing == 0:
            return
        self._target = version
        self._reached = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(PUSH_SECONDS):
                await self._reached
        except TimeoutError:
            raise BenchmarkError(f"{self._missing} pushes did not arrive within {PUSH_SECONDS} s.") from None

    def received(self, subscriber: "WalletSubscriber", version: int) -> None:
        """Counts a push that a subscriber received."""
        self.pushes += 1
        self.newest = max(self.newest, version)
        if subscriber.version < self._target <= version:
            self._missing -= 1
            if self._missing == 0 and self._reached is not None and not self._reached.done():
                self._reached.set_result(None)
        subscriber.version = version

    def fail(self, reason: str) -> None:
        """Makes `reach` raise BenchmarkError with this reason, now and later: no subscription may fail."""
        self._failure = self._failure or reason
        if self._reached is not None and not self._reached.done():
            self._reached.set_exception(BenchmarkError(reason))

    def close(self) -> None:
        for subscriber in self._subscribers:
            subscriber.close()


class WalletSubscriber(Subscriber[WatchedWallet]):
    """A subscriber to a wallet's balance. `version` is the newest that it has received."""

    query, found = QUERY, VERSION
    version = -1

    def received(self, text: bytes) -> None:
        self._watched.received(self, int(text))
