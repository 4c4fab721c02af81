"""A subscriber gets the current state and then newer ones; one read serves all subscribers."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from pocketpay.database.failures import ServiceBusy
from pocketpay.updates.feed import MAX_PER_LOOP_TURN, Feed
from pocketpay.updates.signals import Signal
from tests.patience import PATIENCE_SECONDS
from tests.updates.waiting import until

NOW = datetime(2026, 11, 2, tzinfo=UTC)


@dataclass
class Books:
    """Versions by id, and their reads. `gate` delays a read between its snapshot and its result."""

    versions: dict[UUID, int] = field(default_factory=dict)
    reads: list[list[UUID]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def read(self, ids: Sequence[UUID]) -> Mapping[UUID, int]:
        self.reads.append(list(ids))
        found = {id: self.versions[id] for id in ids if id in self.versions}
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return found


def changed(*ids: UUID) -> Signal:
    return Signal(wallets=dict.fromkeys(ids, 0))


@asynccontextmanager
async def feeding(books: Books) -> AsyncIterator[Feed[int]]:
    feed = Feed("test", read=books.read, concerns=lambda signal: signal.wallets, newer=int.__gt__)
    feed.pump.start()
    books.gate.set()
    try:
        yield feed
    finally:
        await feed.pump.close()


@pytest.fixture
def wallet() -> UUID:
    return uuid4()


async def test_the_current_state_comes_first_and_then_the_newest(wallet: UUID) -> None:
    books = Books({wallet: 1})
    async with feeding(books) as feed:
        with feed.watch(wallet) as watch:
            assert await watch.first() == 1
            books.versions[wallet] = 2
            feed.on_signal(changed(wallet))
            assert await watch.next() == 2


async def test_nothing_is_sent_for_an_unknown_id(wallet: UUID) -> None:
    async with feeding(Books()) as feed:
        with feed.watch(wallet) as watch:
            assert await watch.first() is None


async def test_no_change_is_lost_between_the_current_state_and_the_first_signal(wallet: UUID) -> None:
    books = Books({wallet: 1})
    async with feeding(books) as feed:
        books.gate.clear()
        with feed.watch(wallet) as watch:
            await until(lambda: len(books.reads) == 1)
            books.versions[wallet] = 2  # committed after the first read's snapshot, signalled before its result
            feed.on_signal(changed(wallet))
            books.gate.set()
            await until(lambda: len(books.reads) == 2)
            seen = [await watch.first()]
            if seen[-1] == 1:
                seen.append(await watch.next())
            assert seen[-1] == 2


async def test_a_subscriber_that_joins_during_a_read_gets_a_later_read(wallet: UUID) -> None:
    books = Books({wallet: 1})
    async with feeding(books) as feed:
        books.gate.clear()
        with feed.watch(wallet):
            await until(lambda: len(books.reads) == 1)
            books.versions[wallet] = 2
            with feed.watch(wallet) as late:
                books.gate.set()
                assert await late.first() == 2


async def test_one_read_serves_all_subscribers(wallet: UUID) -> None:
    other = uuid4()
    books = Books({wallet: 1, other: 1})
    async with feeding(books) as feed:
        with feed.watch(wallet) as one, feed.watch(wallet) as two, feed.watch(other) as three:
            assert [await watch.first() for watch in (one, two, three)] == [1, 1, 1]
            books.versions = {wallet: 2, other: 2}
            feed.on_signal(changed(wallet, other, uuid4()))
            assert [await watch.next() for watch in (one, two, three)] == [2, 2, 2]
    assert [sorted(read) for read in books.reads] == [sorted([wallet, other])] * 2


async def test_many_subscribers_are_served_in_portions_between_other_tasks(wallet: UUID) -> None:
    books = Books({wallet: 1})
    turns: set[int] = set()

    async def follow(feed: Feed[int]) -> None:
        with feed.watch(wallet) as watch:
            await watch.first()
            turns.add(turn)

    async with feeding(books) as feed, asyncio.TaskGroup() as group:
        books.gate.clear()
        followers = [group.create_task(follow(feed)) for _ in range(200)]
        await asyncio.sleep(0.01)
        books.gate.set()
        turn = 0
        while not all(follower.done() for follower in followers):
            await asyncio.sleep(0)
            turn += 1
    assert len(turns) >= 200 // MAX_PER_LOOP_TURN


async def test_signals_during_a_read_cause_one_more_read(wallet: UUID) -> None:
    books = Books({wallet: 1})
    async with feeding(books) as feed:
        with feed.watch(wallet) as watch:
            await watch.first()
            books.gate.clear()
            feed.on_signal(changed(wallet))
            await until(lambda: len(books.reads) == 2)
            for version in range(2, 50):
                books.versions[wallet] = version
                feed.on_signal(changed(wallet))
            books.gate.set()
            assert await watch.next() == 49
    assert len(books.reads) == 3


async def test_a_state_that_is_not_newer_is_not_sent_again(wallet: UUID) -> None:
    books = Books({wallet: 7})
    async with feeding(books) as feed:
        with feed.watch(wallet) as watch:
            assert await watch.first() == 7
            for version in (7, 6, 8):
                books.versions[wallet] = version
                count = len(books.reads)
                feed.on_signal(changed(wallet))
                await until(lambda count=count: len(books.reads) > count)  # type: ignore[misc]
            assert await watch.next() == 8


async def test_a_slow_subscriber_gets_only_the_newest_state(wallet: UUID) -> None:
    books = Books({wallet: 0})
    async with feeding(books) as feed:
        with feed.watch(wallet) as slow, feed.watch(wallet) as quick:
            await slow.first()
            await quick.first()
            for version in range(1, 30):
                books.versions[wallet] = version
                feed.on_signal(changed(wallet))
                assert await quick.next() == version
            assert await slow.next() == 29
            waiting = asyncio.ensure_future(slow.next())
            await asyncio.sleep(0.01)
            assert not waiting.done()
            waiting.cancel()


async def test_after_a_gap_every_watched_id_is_read_again(wallet: UUID) -> None:
    other = uuid4()
    books = Books({wallet: 1, other: 1})
    async with feeding(books) as feed:
        with feed.watch(wallet) as one, feed.watch(other) as two:
            await one.first()
            await two.first()
            feed.on_disconnect()
            books.versions = {wallet: 2, other: 1}
            feed.on_gap(NOW)
            assert await one.next() == 2
            assert set(books.reads[-1]) == {wallet, other}


async def test_without_subscribers_nothing_is_read(wallet: UUID) -> None:
    books = Books({wallet: 1})
    async with feeding(books) as feed:
        feed.on_signal(changed(wallet))
        feed.on_gap(NOW)
        with feed.watch(wallet) as watch:
            await watch.first()
        feed.on_signal(changed(wallet))
        await asyncio.sleep(0.01)
    assert len(books.reads) == 1


async def test_a_busy_database_delays_a_change_but_does_not_lose_it(wallet: UUID) -> None:
    books = Books({wallet: 1})
    async with feeding(books) as feed:
        with feed.watch(wallet) as watch:
            await watch.first()
            books.error = ServiceBusy("away")
            books.versions[wallet] = 2
            feed.on_signal(changed(wallet))
            await until(lambda: len(books.reads) >= 3)
            books.error = None
            assert await watch.next() == 2


async def test_a_failing_read_raises_its_error_to_subscribers_and_the_feed_continues(wallet: UUID) -> None:
    books = Books({wallet: 1}, error=LookupError("a bug"))
    async with feeding(books) as feed:
        with feed.watch(wallet) as watch, pytest.raises(LookupError):
            await watch.first()
        books.error = None
        with feed.watch(wallet) as watch:
            assert await watch.first() == 1


async def test_a_current_state_that_is_not_read_in_time_is_service_busy(
    wallet: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pocketpay.updates.feed.FIRST_STATE_SECONDS", 0.05)
    books = Books({wallet: 1})
    async with feeding(books) as feed:
        books.gate.clear()
        with feed.watch(wallet) as watch, pytest.raises(ServiceBusy):
            await watch.first()


async def test_versions_never_decrease_and_the_last_one_always_arrives(wallet: UUID) -> None:
    books = Books({wallet: 0})

    async def follow(feed: Feed[int], begin: float) -> list[int]:
        await asyncio.sleep(begin)
        with feed.watch(wallet) as watch:
            seen = [await watch.first() or 0]
            while seen[-1] < 200:
                seen.append(await watch.next())
            return seen

    async with feeding(books) as feed, asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as group:
        followers = [group.create_task(follow(feed, begin / 2_000)) for begin in range(40)]
        for version in range(1, 201):
            books.versions[wallet] = version
            feed.on_signal(changed(wallet))
            if version % 3 == 0:
                await asyncio.sleep(0.0002)
    for follower in followers:
        seen = follower.result()
        assert seen == sorted(set(seen))
        assert seen[-1] == 200
