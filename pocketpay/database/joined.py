"""Combines reads by key that are requested at the same time.

Keys that are requested while a read is in progress wait and are then read together: one statement on one connection,
in one round trip. There is no timer, so an idle server reads immediately. Nothing is cached, and every read begins
after its keys were requested, so a client always reads its own writes.

Decision 8 gives the reasons.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

from pocketpay.database.sessions import Database, Session

Key = TypeVar("Key")
Value = TypeVar("Value")

MAX_KEYS_PER_READ = 500
"""The most keys in one read: about 2 ms of PostgreSQL."""


class JoinedRead(Generic[Key, Value]):
    """Combines concurrent calls of one read by key, `read(session, keys)`."""

    def __init__(
        self, database: Database, read: Callable[[Session, Sequence[Key]], Awaitable[Mapping[Key, Value]]]
    ) -> None:
        self._database, self._read = database, read
        self._requested: list[tuple[Key, asyncio.Future[Value | None]]] = []
        self._reading: asyncio.Task[None] | None = None

    async def load_many(self, keys: Sequence[Key]) -> "list[Value | None]":
        """Like `load`, for several keys. Returns the values in the order of the keys."""
        return await asyncio.gather(*(self.load(key) for key in keys))

    def load(self, key: Key) -> "asyncio.Future[Value | None]":
        """Returns the current value for the key, or None. Raises the errors of the read, for example ServiceBusy."""
        answer: asyncio.Future[Value | None] = asyncio.get_running_loop().create_future()
        self._requested.append((key, answer))
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_on(), name="joined read")
        return answer

    async def _read_on(self) -> None:
        while self._requested:
            batch, self._requested = self._requested[:MAX_KEYS_PER_READ], self._requested[MAX_KEYS_PER_READ:]
            try:
                async with self._database.read() as session:
                    found = await self._read(session, list(dict.fromkeys(key for key, _ in batch)))
            except asyncio.CancelledError:
                for _, answer in (*batch, *self._requested):
                    answer.cancel()
                raise
            except Exception as error:
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for key, answer in batch:
                if not answer.done():
                    answer.set_result(found.get(key))
        self._reading = None
