"""Reads that come at the same time, made together.

What is asked for by key while one read is under way waits, and all of it is the next read: one statement on one
connection, one round trip for everybody. No timer: an idle server reads at once. Nothing is remembered, and every
read begins after it was asked for, so that whoever has just written reads what they wrote.

Decision 8 gives the reasons.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

from pocketpay.database.sessions import Database, Session

Key = TypeVar("Key")
Value = TypeVar("Value")

MOST_AT_ONCE = 500
"""Keys in one read: some 2 ms of PostgreSQL."""


class JoinedRead(Generic[Key, Value]):
    """One kind of read by key, `read(session, keys)`, made for all who ask at once."""

    def __init__(
        self, database: Database, read: Callable[[Session, Sequence[Key]], Awaitable[Mapping[Key, Value]]]
    ) -> None:
        self._database, self._read = database, read
        self._asked: list[tuple[Key, asyncio.Future[Value | None]]] = []
        self._reading: asyncio.Task[None] | None = None

    async def load_many(self, keys: Sequence[Key]) -> "list[Value | None]":
        """The same for several, in their order."""
        return await asyncio.gather(*(self.load(key) for key in keys))

    def load(self, key: Key) -> "asyncio.Future[Value | None]":
        """What there is under that key now, or None. Raises whatever the read raises, ServiceBusy for one."""
        answer: asyncio.Future[Value | None] = asyncio.get_running_loop().create_future()
        self._asked.append((key, answer))
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_on(), name="joined read")
        return answer

    async def _read_on(self) -> None:
        while self._asked:
            asked, self._asked = self._asked[:MOST_AT_ONCE], self._asked[MOST_AT_ONCE:]
            try:
                async with self._database.read() as session:
                    found = await self._read(session, list(dict.fromkeys(key for key, _ in asked)))
            except asyncio.CancelledError:
                for _, answer in (*asked, *self._asked):
                    answer.cancel()
                raise
            except Exception as error:
                for _, answer in asked:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for key, answer in asked:
                if not answer.done():
                    answer.set_result(found.get(key))
        self._reading = None
