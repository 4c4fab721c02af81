"""Changes: every change of the things an owner may see, each told once, read once for all who watch here.

    hear ─► dirty ids ─► one read of them all ─► each watch of each owner: may he see it? ─► its mailbox
                                                                             full: behind, from that moment on
    missed ─► every watch is behind, from `since` on
    begun with a place ─► that watch is behind from there on: what happened while its subscriber was away comes first
    behind, and its mailbox empty ─► read, in pages, what changed from there on ─► its mailbox

A mailbox is bounded; what does not fit is not kept but read again when there is room, so a slow subscriber costs a
fixed space and misses nothing. Of one thing's changes between two reads the last is told.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from typing import Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.updates.pump import Pump
from pocketpay.updates.signals import Signal

MAX_IDS_A_READ = 500
"""Things in one read; the rest is the next read."""

MAX_DIRTY = 10_000
"""Things noted while a read is under way: a second of the busiest server. Beyond, all are behind."""

PAGE = 100
"""Things in one page of what a watch is behind with, and the room in its mailbox."""

MAX_WATCHES_A_READ = 50
"""Watches in one read of what they are behind with: 5,000 rows at most."""

TOLD_AT_ONCE = 25
"""Things told in one turn of the event loop; between two turns the money has its own."""

REMEMBERED = 256
"""Versions a watch remembers, so that what it reads again is not told twice: more than two pages."""


class Change(Protocol):
    """A thing at one moment of its life."""

    @property
    def id(self) -> UUID: ...
    @property
    def version(self) -> int: ...
    @property
    def updated_at(self) -> datetime: ...
    def visible_to(self, wallet_id: UUID) -> bool:
        """Whether that wallet's owner may know of it."""


class Place(NamedTuple):
    """A place in the order of changes: what lies after it has a later `updated_at`, or the same and a greater id."""

    updated_at: datetime
    id: UUID


START = UUID(int=0)

Sides = tuple[UUID | None, UUID | None]
"""The wallets between which a thing is; None where that is the outside world or the house."""

CountSince = Callable[[Session, UUID, Place, int], Awaitable[tuple[datetime, int]]]

Thing = TypeVar("Thing", bound=Change)


class Watch(Generic[Thing]):
    """One subscriber's mailbox of changes, in the order they happened."""

    __slots__ = ("_error", "_filled", "_on_drained", "_told", "_untold", "behind", "wallet_id")

    def __init__(self, wallet_id: UUID, on_drained: Callable[["Watch[Thing]"], None]) -> None:
        self.wallet_id = wallet_id
        self.behind: Place | None = None
        self._on_drained = on_drained
        self._untold: dict[UUID, Thing] = {}
        self._told: dict[UUID, int] = {}
        self._error: Exception | None = None
        self._filled = asyncio.Event()

    @property
    def drained(self) -> bool:
        return not self._untold

    def offer(self, thing: Thing) -> None:
        """Puts a change into the mailbox, in the place of an older one of the same thing; falls behind when full."""
        if self.behind is not None or (len(self._untold) >= PAGE and thing.id not in self._untold):
            self.fall_behind(thing.updated_at)
            return
        if thing.version <= self._told.get(thing.id, 0):
            return
        self._told.pop(thing.id, None)
        self._told[thing.id] = thing.version
        if len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]
        self._untold.pop(thing.id, None)
        self._untold[thing.id] = thing
        self._filled.set()

    def catch_up(self, page: Sequence[Thing]) -> None:
        """Puts what it was behind with into its empty mailbox; a full page means that there is more."""
        for thing in page:
            self.offer(thing)
        if len(page) >= PAGE:
            self.fall_behind(page[-1].updated_at, page[-1].id)

    def fall_behind(self, since: datetime, after: UUID = START) -> None:
        """All from `since` on has to be read, and of that moment what has a greater id than `after`."""
        place = Place(since, after)
        self.behind = place if self.behind is None else min(self.behind, place)

    def fail(self, error: Exception) -> None:
        """Whoever waits gets `error`."""
        self._error = error
        self._filled.set()

    async def next(self) -> Thing:
        """The next change; however long that takes."""
        await self._filled.wait()
        if self._error is not None:
            raise self._error
        id = next(iter(self._untold))
        thing = self._untold.pop(id)
        if not self._untold:
            self._filled.clear()
            if self.behind is not None:
                self._on_drained(self)
        return thing


class Changes(Generic[Thing]):
    """Changes by owner for all local watches; a subscriber of the hub.

    `concerns` picks, out of a signal, the things of this kind, each with the wallets of its sides. `read` gives the
    things with those ids. `read_since` gives for each (wallet, place), in order, what that wallet's owner may see of
    what changed after the place: at most PAGE each, the oldest first. `count_since(session, wallet, place, most)`
    gives the database's time and how many those are, up to `most`: for whoever asks it before they watch from there.
    `since` is the moment before which everything has been heard.
    """

    def __init__(
        self,
        name: str,
        *,
        concerns: Callable[[Signal], Iterable[tuple[UUID, Sides]]],
        read: Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, Thing]]],
        read_since: Callable[[Sequence[tuple[UUID, Place]]], Awaitable[Sequence[Sequence[Thing]]]],
        count_since: CountSince,
        since: Callable[[], datetime],
    ) -> None:
        self.count_since = count_since
        self._concerns, self._read, self._read_since, self._since = concerns, read, read_since, since
        self._watches: dict[UUID, set[Watch[Thing]]] = {}
        self._dirty: dict[UUID, Sides] = {}
        self._waiting: dict[Watch[Thing], None] = {}
        self.pump = Pump(name, self._turn, self._give_up)

    @contextmanager
    def watch(self, wallet_id: UUID, after: Place | None = None) -> Iterator[Watch[Thing]]:
        """A mailbox for the changes of all that the owner of that wallet may see: after that place, or from now on.

        It is there before what it is behind with is read, so no commit falls between the two.
        """
        watch = Watch[Thing](wallet_id, self._on_drained)
        self._watches.setdefault(wallet_id, set()).add(watch)
        if after is not None:
            watch.fall_behind(*after)
            self._on_drained(watch)
        try:
            yield watch
        finally:
            self._waiting.pop(watch, None)
            watches = self._watches[wallet_id]
            watches.discard(watch)
            if not watches:
                del self._watches[wallet_id]

    def on_signal(self, signal: Signal) -> None:
        for id, sides in self._concerns(signal) if self._watches else ():
            if not self._watches.keys().isdisjoint(sides):
                if len(self._dirty) >= MAX_DIRTY and id not in self._dirty:
                    self.on_gap(self._since())
                    break
                self._dirty[id] = sides
        if self._dirty:
            self.pump.wake()

    def on_gap(self, since: datetime) -> None:
        for watch in self._all():
            watch.fall_behind(since)
            if watch.drained:
                self._on_drained(watch)

    def on_disconnect(self) -> None:
        """Nothing to do: what is missed is read when hearing works again."""

    def _on_drained(self, watch: Watch[Thing]) -> None:
        self._waiting[watch] = None
        self.pump.wake()

    def _all(self) -> Iterator[Watch[Thing]]:
        return (watch for watches in self._watches.values() for watch in watches)

    async def _turn(self) -> None:
        if self._dirty:
            await self._tell_signalled()
        if self._waiting:
            await self._tell_missed()
        if self._dirty or self._waiting:
            self.pump.wake()

    async def _tell_signalled(self) -> None:
        taken = dict(islice(self._dirty.items(), MAX_IDS_A_READ))
        for id in taken:
            del self._dirty[id]
        try:
            things = await self._read(list(taken))
        except BaseException:
            self._dirty = {**taken, **self._dirty}
            raise
        for told, thing in enumerate(sorted(things.values(), key=lambda thing: (thing.updated_at, thing.id))):
            if told % TOLD_AT_ONCE == TOLD_AT_ONCE - 1:
                await asyncio.sleep(0)
            for wallet_id in taken[thing.id]:
                if wallet_id is not None and wallet_id in self._watches and thing.visible_to(wallet_id):
                    for watch in self._watches[wallet_id]:
                        watch.offer(thing)

    async def _tell_missed(self) -> None:
        taken: list[tuple[Watch[Thing], Place]] = []
        for watch in list(islice(self._waiting, MAX_WATCHES_A_READ)):
            del self._waiting[watch]
            if watch.behind is not None:
                taken.append((watch, watch.behind))
                watch.behind = None  # what is missed during the read puts it behind again
        try:
            pages = await self._read_since([(watch.wallet_id, place) for watch, place in taken])
        except BaseException:
            for watch, place in taken:
                watch.fall_behind(*place)
                self._waiting[watch] = None
            raise
        for (watch, _), page in zip(taken, pages, strict=True):
            watch.catch_up(page)
            if watch.behind is not None and watch.drained:
                self._waiting[watch] = None

    def _give_up(self, error: Exception) -> None:
        self._dirty.clear()
        self._waiting.clear()
        for watch in self._all():
            watch.fail(error)
