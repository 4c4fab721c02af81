"""A feed: the current state of objects by id. It is read again after each signal, once for all watches on this
server.

    signal ─► dirty ids ─► one read of all of them ─► each watch of each id: newer? ─► its mailbox (newest state wins)
                 ▲   an id that is signalled during a read is read again afterwards

A new watch marks its id as dirty. Its first state is read like every other, after the watch exists, so no change is
lost between the two. Memory is bounded by the number of watches: an id is dirty or not, and a mailbox holds one
state.

While a subscriber waits for the next state, a state can be sent without waking it (decision 37): `push` sends it, or
returns False, and then it goes into the mailbox like every other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Generic, TypeAlias, TypeVar
from uuid import UUID

from pocketpay.database.failures import ServiceBusy
from pocketpay.updates.pump import Pump
from pocketpay.updates.signals import Signal

MAX_IDS_PER_READ = 1_000
"""The most ids in one read, a few milliseconds of PostgreSQL. The others are read next."""

MAX_PER_LOOP_TURN = 100
"""The most subscribers served in one turn of the event loop, 1 to 3 ms of pushing, so that payments are processed
between two turns."""

FIRST_STATE_SECONDS = 5.0
"""The longest time that a subscriber waits for the first state before `first` raises ServiceBusy."""

State = TypeVar("State")

Push: TypeAlias = Callable[[State], bool]
"""Sends a state to a subscriber that waits for it. Returns False when it has not sent it."""


class Watch(Generic[State]):
    """One subscriber's mailbox for the states of one id."""

    __slots__ = ("_delivered", "_error", "_is_full", "_newer", "_push", "_state", "_waiter")

    def __init__(self, newer: Callable[[State, State], bool], push: Push[State] | None = None) -> None:
        self._newer, self._push = newer, push
        self._delivered: State | None = None
        self._state: State | None = None
        self._error: Exception | None = None
        self._is_full = False
        self._waiter: asyncio.Future[None] | None = None

    def offer(self, state: State | None) -> None:
        """Delivers a state: sends it to a waiting subscriber, or puts it into the mailbox, where it replaces an older
        one. None means that the object does not exist, and is accepted only before the first state."""
        known = self._delivered if self._state is None else self._state
        if known is not None:
            if state is None or not self._newer(state, known):
                return
            if self._push is not None and self._is_waiting and self._push(state):
                self._delivered = state
                return
        self._state = state
        self._fill()

    def fail(self, error: Exception) -> None:
        """Makes `first` and `next` raise `error`."""
        self._error = error
        self._fill()

    async def first(self) -> State | None:
        """Returns the current state, or None when the object does not exist.

        Raises ServiceBusy when it cannot be read within FIRST_STATE_SECONDS.
        """
        try:
            async with asyncio.timeout(FIRST_STATE_SECONDS):
                return await self._take()
        except TimeoutError:
            raise ServiceBusy("the current state cannot be read") from None

    async def next(self) -> State:
        """Returns the next newer state that was not sent by `push`; waits without a time limit. Raises the error
        passed to `fail`."""
        while True:
            state = await self._take()
            if state is not None:
                return state

    @property
    def _is_waiting(self) -> bool:
        """Whether the subscriber waits: it has handled all states that it took, and is not cancelled."""
        return self._waiter is not None and not self._waiter.done()

    def _fill(self) -> None:
        self._is_full = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _take(self) -> State | None:
        if not self._is_full:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._is_full = False
        if self._error is not None:
            raise self._error
        state, self._state = self._state, None
        if state is not None:
            self._delivered = state
        return state


class Feed(Generic[State]):
    """Delivers states to all local watches of one kind, by id. It is a subscriber of the hub.

    `read` returns the current states of the given ids; ids that do not exist are left out. `concerns` returns the ids
    in a signal whose state may have changed. `newer(one, other)` returns whether state `one` is newer than `other`.
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
    def watch(self, id: UUID, push: Push[State] | None = None) -> Iterator[Watch[State]]:
        """Opens a mailbox for the states of the id. The first state is the current one. `push` may send later ones;
        it must not raise."""
        watch = Watch(self._newer, push)
        self._watches.setdefault(id, set()).add(watch)
        self._mark_dirty((id,))
        try:
            yield watch
        finally:
            watches = self._watches[id]
            watches.discard(watch)
            if not watches:
                del self._watches[id]

    def on_signal(self, signal: Signal) -> None:
        self._mark_dirty(self._concerns(signal))

    def on_gap(self, since: datetime) -> None:
        self._mark_dirty(self._watches)

    def on_disconnect(self) -> None:
        """Does nothing: `on_gap` follows when the listener is connected again, and all states are read then."""

    def _mark_dirty(self, ids: Iterable[UUID]) -> None:
        self._dirty.update((id, None) for id in ids if id in self._watches)
        if self._dirty:
            self.pump.wake()

    async def _turn(self) -> None:
        taken = list(islice(self._dirty, MAX_IDS_PER_READ))
        for id in taken:
            del self._dirty[id]
        # A watch that starts during the read does not get its result: the read may be older than the watch.
        watches = {id: tuple(self._watches[id]) for id in taken if id in self._watches}
        if watches:
            try:
                states = await self._read(list(watches))
            except BaseException:
                self._mark_dirty(watches)
                raise
            for number, (id, watch) in enumerate((id, watch) for id, here in watches.items() for watch in here):
                watch.offer(states.get(id))
                if number % MAX_PER_LOOP_TURN == MAX_PER_LOOP_TURN - 1:
                    await asyncio.sleep(0)
        if self._dirty:
            self.pump.wake()

    def _give_up(self, error: Exception) -> None:
        self._dirty.clear()
        for watches in self._watches.values():
            for watch in watches:
                watch.fail(error)
