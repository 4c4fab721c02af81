"""Places for downloads: so many of a server at a time, one of a wallet. Who finds none waits in turn (turns.py).

A download has a connection of its own and never takes a reader from queries, however many there are. It keeps its
place for DEADLINE_SECONDS in all, however slowly its client reads, and after OWN_SECONDS gives it to whoever waits.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from pocketpay.database.turns import Turns
from pocketpay.serving import http
from pocketpay.transactions.statement import MAX_SECONDS

MOST_AT_ONCE = 4
"""Of one server: each has a connection of its own, and as much of the processor as it is given."""

MOST_OF_A_WALLET = 1
"""With as many as there are places, one customer's would be all."""

WAIT_SECONDS = 5.0
"""For a place; then the client is asked to come again. A usual month is read in less than a second."""

DEADLINE_SECONDS = MAX_SECONDS

OWN_SECONDS = 20.0
"""Some 300,000 lines at the speed of the server. Four clients that read slowly shut out others for no longer."""

MOST_WAITING = 32
MOST_WAITING_OF_A_WALLET = 4
"""Requests that wait: each holds a socket."""


class Downloads:
    """One for each server."""

    def __init__(self) -> None:
        self._turns: Turns[None] = Turns(MOST_OF_A_WALLET)
        self._free = MOST_AT_ONCE
        self._waiting: list[UUID] = []
        self._under_way: dict[asyncio.Timeout, float] = {}
        """When each began, the oldest first."""

    @asynccontextmanager
    async def place(self, wallet_id: UUID) -> AsyncIterator[None]:
        """A place for one download. Raises HttpRefusal when there is none in time, or too many wait, and TimeoutError
        when it has to be given up."""
        if self._free and self._turns.may_use(wallet_id):
            self._free -= 1
            self._turns.begin(wallet_id)
        else:
            await self._in_turn(wallet_id)
        try:
            async with asyncio.timeout(DEADLINE_SECONDS) as until:
                self._under_way[until] = asyncio.get_running_loop().time()
                try:
                    yield
                finally:
                    del self._under_way[until]
        finally:
            self._give_back(wallet_id)

    async def _in_turn(self, wallet_id: UUID) -> None:
        if len(self._waiting) >= MOST_WAITING or self._waiting.count(wallet_id) >= MOST_WAITING_OF_A_WALLET:
            raise http.busy()
        self._waiting.append(wallet_id)
        turn = self._turns.wait(wallet_id)
        asking = asyncio.get_running_loop().call_later(self._until_one_may_end(), self._end_one, wallet_id)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await turn
        except BaseException as error:
            self._turns.leave(wallet_id, turn)
            if turn.done() and not turn.cancelled():
                self._give_back(wallet_id)
            if isinstance(error, TimeoutError):
                raise http.busy() from None
            raise
        finally:
            asking.cancel()
            self._waiting.remove(wallet_id)

    def _until_one_may_end(self) -> float:
        """Seconds until the oldest under way has had its own time."""
        now = asyncio.get_running_loop().time()
        return max(0.0, min(self._under_way.values(), default=now) + OWN_SECONDS - now)

    def _end_one(self, wallet_id: UUID) -> None:
        """Ends the oldest under way that has had its own time, if that is a place for somebody who waits."""
        now = asyncio.get_running_loop().time()
        if self._free or not self._turns.may_use(wallet_id):
            return
        for until, began in self._under_way.items():
            if now - began >= OWN_SECONDS and (until.when() or now) > now:
                until.reschedule(now)
                return

    def _give_back(self, wallet_id: UUID) -> None:
        self._turns.end(wallet_id)
        self._free += 1
        while self._free and (turn := self._turns.next()) is not None:
            self._free -= 1
            turn.set_result(None)
