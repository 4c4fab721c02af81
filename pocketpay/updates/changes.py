"""Changes: every change of the items that an owner may see. Each is delivered once to each watch, and is read once
for all watches on this server.

    signal ─► dirty ids ─► one read of all of them ─► each watch of each owner: visible? ─► its mailbox
                                                              mailbox full: the watch is behind, from this change on
    gap ─► every watch is behind, from `since` on
    started at a place ─► the watch is behind, from that place on: the changes that its subscriber missed come first
    behind, with an empty mailbox ─► read the changes after that place, page by page ─► its mailbox

A mailbox is bounded. A change that does not fit is not stored: it is read again when the mailbox is empty. So a slow
subscriber needs a fixed amount of memory and misses nothing. Of several changes of one item between two reads, only
the last is delivered.
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

MAX_IDS_PER_READ = 500
"""The most items in one read. The others are read next."""

MAX_DIRTY = 10_000
"""The most changed ids that are kept while a read runs: one second of the busiest server. Above it, every watch falls
behind."""

PAGE = 100
"""The number of items in one page of missed changes, and the size of a mailbox."""

MAX_WATCHES_PER_READ = 50
"""The most watches in one read of missed changes: at most 5,000 rows."""

MAX_PER_LOOP_TURN = 25
"""The most items delivered in one turn of the event loop, so that payments are processed between two turns."""

MAX_REMEMBERED_VERSIONS = 256
"""Versions that a watch remembers, so that an item read twice is not delivered twice: more than two pages."""


class Change(Protocol):
    """An item with its id, its version and the time of its last change."""

    @property
    def id(self) -> UUID: ...
    @property
    def version(self) -> int: ...
    @property
    def updated_at(self) -> datetime: ...
    def visible_to(self, wallet_id: UUID) -> bool:
        """Whether the wallet's owner may see it."""


class Place(NamedTuple):
    """A position in the order of changes. A change is after it when its `updated_at` is later, or when its
    `updated_at` is equal and its id is greater."""

    updated_at: datetime
    id: UUID


START = UUID(int=0)
"""An id below every other."""

Sides = tuple[UUID | None, UUID | None]
"""The wallets on the two sides of an item; None for a side outside Pocket Pay or a system account."""

CountSince = Callable[[Session, UUID, Place, int], Awaitable[tuple[datetime, int]]]

Item = TypeVar("Item", bound=Change)


class Watch(Generic[Item]):
    """One subscriber's mailbox of changes, in the order they happened."""

    __slots__ = ("_delivered", "_error", "_filled", "_on_drained", "_undelivered", "behind", "wallet_id")

    def __init__(self, wallet_id: UUID, on_drained: Callable[["Watch[Item]"], None]) -> None:
        self.wallet_id = wallet_id
        self.behind: Place | None = None
        self._on_drained = on_drained
        self._undelivered: dict[UUID, Item] = {}
        self._delivered: dict[UUID, int] = {}
        self._error: Exception | None = None
        self._filled = asyncio.Event()

    @property
    def drained(self) -> bool:
        return not self._undelivered

    def offer(self, item: Item) -> None:
        """Puts a change into the mailbox, in place of an older change of the item. When the mailbox is full, the
        watch falls behind."""
        if self.behind is not None or (len(self._undelivered) >= PAGE and item.id not in self._undelivered):
            self.fall_behind(item.updated_at)
            return
        if item.version <= self._delivered.get(item.id, 0):
            return
        self._delivered.pop(item.id, None)
        self._delivered[item.id] = item.version
        if len(self._delivered) > MAX_REMEMBERED_VERSIONS:
            del self._delivered[next(iter(self._delivered))]
        self._undelivered.pop(item.id, None)
        self._undelivered[item.id] = item
        self._filled.set()

    def catch_up(self, page: Sequence[Item]) -> None:
        """Puts a page of missed changes into the empty mailbox. After a full page the watch is still behind."""
        for item in page:
            self.offer(item)
        if len(page) >= PAGE:
            self.fall_behind(page[-1].updated_at, page[-1].id)

    def fall_behind(self, since: datetime, after: UUID = START) -> None:
        """Marks that all changes from `since` on must be read; of those at `since`, only ids greater than `after`."""
        place = Place(since, after)
        self.behind = place if self.behind is None else min(self.behind, place)

    def fail(self, error: Exception) -> None:
        """Makes `next` raise `error`."""
        self._error = error
        self._filled.set()

    async def next(self) -> Item:
        """Returns the next change; waits without a time limit. Raises the error passed to `fail`."""
        await self._filled.wait()
        if self._error is not None:
            raise self._error
        id = next(iter(self._undelivered))
        item = self._undelivered.pop(id)
        if not self._undelivered:
            self._filled.clear()
            if self.behind is not None:
                self._on_drained(self)
        return item


class Changes(Generic[Item]):
    """Delivers changes to all local watches, by owner. It is a subscriber of the hub.

    `concerns` returns the items of this kind in a signal, each with the wallets on its sides. `read` returns the
    items with the given ids. `read_since` returns, for each pair of wallet and place, the changes after the place
    that the wallet's owner may see: at most PAGE, oldest first. `count_since(session, wallet, place, most)` returns
    the database's time and the number of those changes, at most `most`; callers use it before they watch from a
    place. `since` returns the time before which every change has been received.
    """

    def __init__(
        self,
        name: str,
        *,
        concerns: Callable[[Signal], Iterable[tuple[UUID, Sides]]],
        read: Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, Item]]],
        read_since: Callable[[Sequence[tuple[UUID, Place]]], Awaitable[Sequence[Sequence[Item]]]],
        count_since: CountSince,
        since: Callable[[], datetime],
    ) -> None:
        self.count_since = count_since
        self._concerns, self._read, self._read_since, self._since = concerns, read, read_since, since
        self._watches: dict[UUID, set[Watch[Item]]] = {}
        self._dirty: dict[UUID, Sides] = {}
        self._waiting: dict[Watch[Item], None] = {}
        self.pump = Pump(name, self._turn, self._give_up)

    @contextmanager
    def watch(self, wallet_id: UUID, after: Place | None = None) -> Iterator[Watch[Item]]:
        """Opens a mailbox for the changes that the wallet's owner may see: those after the place, or from now on.

        The mailbox exists before missed changes are read, so no commit is lost between the two.
        """
        watch = Watch[Item](wallet_id, self._on_drained)
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
        for watch in self._all_watches():
            watch.fall_behind(since)
            if watch.drained:
                self._on_drained(watch)

    def on_disconnect(self) -> None:
        """Does nothing: `on_gap` follows when the listener is connected again, and missed changes are read then."""

    def _on_drained(self, watch: Watch[Item]) -> None:
        self._waiting[watch] = None
        self.pump.wake()

    def _all_watches(self) -> Iterator[Watch[Item]]:
        return (watch for watches in self._watches.values() for watch in watches)

    async def _turn(self) -> None:
        if self._dirty:
            await self._deliver_signalled()
        if self._waiting:
            await self._deliver_missed()
        if self._dirty or self._waiting:
            self.pump.wake()

    async def _deliver_signalled(self) -> None:
        taken = dict(islice(self._dirty.items(), MAX_IDS_PER_READ))
        for id in taken:
            del self._dirty[id]
        try:
            items = await self._read(list(taken))
        except BaseException:
            self._dirty = {**taken, **self._dirty}
            raise
        for number, item in enumerate(sorted(items.values(), key=lambda item: (item.updated_at, item.id))):
            if number % MAX_PER_LOOP_TURN == MAX_PER_LOOP_TURN - 1:
                await asyncio.sleep(0)
            for wallet_id in taken[item.id]:
                if wallet_id is not None and wallet_id in self._watches and item.visible_to(wallet_id):
                    for watch in self._watches[wallet_id]:
                        watch.offer(item)

    async def _deliver_missed(self) -> None:
        taken: list[tuple[Watch[Item], Place]] = []
        for watch in list(islice(self._waiting, MAX_WATCHES_PER_READ)):
            del self._waiting[watch]
            if watch.behind is not None:
                taken.append((watch, watch.behind))
                watch.behind = None  # changes missed during the read put it behind again
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
        for watch in self._all_watches():
            watch.fail(error)
