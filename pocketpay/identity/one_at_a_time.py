"""Work of one name is done one piece at a time on this server; the rest waits in order, but not for long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from pocketpay.database.failures import ServiceBusy

PATIENCE_SECONDS = 5.0
"""How long a piece waits for the others of its name. One takes some 50 ms, so a hundred fit in."""


class OneAtATime:
    """The names that are at work. A name costs nothing once nobody waits for it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def by(self, name: str) -> AsyncIterator[None]:
        """The block runs while no other block of that name does. Raises ServiceBusy when it waits too long."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await lock.acquire()
        except TimeoutError:
            raise ServiceBusy("too many requests of this kind at once") from None
        try:
            yield
        finally:
            lock.release()
