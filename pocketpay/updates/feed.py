"""A feed: the present state of things by id, read again whenever it was signalled, once for all who watch here.

    hear ─► dirty ids ─► one read of them all ─► each watch of each id: is it newer? ─► its mailbox, newest wins
              ▲   what is signalled during a read is the next read

To begin to watch makes the id dirty: the first state comes by the same way, read after the watch was there, so no
change falls between the two. Space is bounded by what is watched: an id is dirty or not, a mailbox holds one state.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Generic, TypeVar
from uuid import UUID

from pocketpay.database.failures import ServiceBusy
from pocketpay.updates.pump import Pump
from pocketpay.updates.signals import Signal

MAX_IDS_A_READ = 1_000
"""Ids in one read, a few milliseconds of PostgreSQL; the rest is the next read."""

TOLD_AT_ONCE = 25
"""Subscribers woken in one turn of the event loop, some 4 ms of pushing; between two turns the money has its own."""

FIRST_STATE_SECONDS = 5.0
"""A subscriber waits that long for the first state before it is told that the service is busy."""

State = TypeVar("State")


class Watch(Generic[State]):
    """One subscriber's mailbox of one id's states."""

    __slots__ = ("_error", "_full", "_newer", "_state", "_told")

    def __init__(self, newer: Callable[[State, State], bool]) -> None:
        self._newer = newer
        self._told: State | None = None
        self._state: State | None = None
        self._error: Exception | None = None
        self._full = asyncio.Event()

    def offer(self, state: State | None) -> None:
        """Puts a state into the mailbox, in the place of an older one; None, no such thing, only at first."""
        known = self._told if self._state is None else self._state
        if known is not None and (state is None or not self._newer(state, known)):
            return
        self._state = state
        self._full.set()

    def fail(self, error: Exception) -> None:
        """Whoever waits gets `error`."""
        self._error = error
        self._full.set()

    async def first(self) -> State | None:
        """The present state; None when there is no such thing. Raises ServiceBusy when it cannot be read in time."""
        try:
            async with asyncio.timeout(FIRST_STATE_SECONDS):
                return await self._take()
        except TimeoutError:
            raise ServiceBusy("the present state cannot be read") from None

    async def next(self) -> State:
        """The next state that is newer than the one before; however long that takes."""
        while True:
            state = await self._take()
            if state is not None:
                return state

    async def _take(self) -> State | None:
        await self._full.wait()
        self._full.clear()
        if self._error is not None:
            raise self._error
        state, self._state = self._state, None
        if state is not None:
            self._told = state
        return state


class Feed(Generic[State]):
    """States by id for all local watches of one kind; a subscriber of the hub.

    `read` gives the present states of those of the ids that exist. `concerns` picks, out of a signal, the ids whose
    state it may have changed. `newer(one, other)` says whether the one was reached after the other.
    """

    def __init__(
        self,
        name: str,
        *,
        read: Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, State]]],
        concerns: Callable[[Signal], Iterable[UUID]],
        newer: Callable[[State, State], bool],
    ) -> None:
        self._read, self._concerns, self._newer = read, concerns, newer
        self._watches: dict[UUID, set[Watch[State]]] = {}
        self._dirty: dict[UUID, None] = {}
        self.pump = Pump(name, self._turn, self._give_up)

    @contextmanager
    def watch(self, id: UUID) -> Iterator[Watch[State]]:
        """A mailbox for that id's states, beginning with the present one."""
        watch = Watch(self._newer)
        self._watches.setdefault(id, set()).add(watch)
        self._touch((id,))
        try:
            yield watch
        finally:
            watches = self._watches[id]
            watches.discard(watch)
            if not watches:
                del self._watches[id]

    def on_signal(self, signal: Signal) -> None:
        self._touch(self._concerns(signal))

    def on_gap(self, since: datetime) -> None:
        self._touch(self._watches)

    def on_disconnect(self) -> None:
        """Nothing to do: what is missed is read when hearing works again."""

    def _touch(self, ids: Iterable[UUID]) -> None:
        self._dirty.update((id, None) for id in ids if id in self._watches)
        if self._dirty:
            self.pump.wake()

    async def _turn(self) -> None:
        taken = list(islice(self._dirty, MAX_IDS_A_READ))
        for id in taken:
            del self._dirty[id]
        # Those who begin to watch during the read are not told what it found: it may be older than they are.
        watches = {id: tuple(self._watches[id]) for id in taken if id in self._watches}
        if watches:
            try:
                states = await self._read(list(watches))
            except BaseException:
                self._touch(watches)
                raise
            for told, (id, watch) in enumerate((id, watch) for id, here in watches.items() for watch in here):
                watch.offer(states.get(id))
                if told % TOLD_AT_ONCE == TOLD_AT_ONCE - 1:
                    await asyncio.sleep(0)
        if self._dirty:
            self.pump.wake()

    def _give_up(self, error: Exception) -> None:
        self._dirty.clear()
        for watches in self._watches.values():
            for watch in watches:
                watch.fail(error)
