"""Runs work of the same name one piece at a time on this server. The others wait in order, up to a limit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from pocketpay.database.failures import ServiceBusy

PATIENCE_SECONDS = 5.0
"""How long one piece waits for the others of its name. One takes about 50 ms, so a hundred can run in that time."""


class OneAtATime:
    """A lock for each name in use. A lock is freed when nobody holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def by(self, name: str) -> AsyncIterator[None]:
        """Runs the block while no other block of that name runs. Raises ServiceBusy after PATIENCE_SECONDS."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await lock.acquire()
        except TimeoutError:
            raise ServiceBusy("too many requests of this kind at the same time") from None
        try:
            yield
        finally:
            lock.release()
