"""Concurrent reads are combined into one, and a combined read never starts before the request for it."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from pocketpay.database.joined import JoinedRead
from pocketpay.database.sessions import Database, Session


class Counter:
    """A read that returns for each key the number of the query that read it."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    async def read(self, session: Session, keys: Sequence[int]) -> Mapping[int, int]:
        self.asked.append(list(keys))
        rows = await session.fetch("select key, key * 10 from unnest($1::int[]) key where key > 0", list(keys))
        return {row[0]: row[1] for row in rows}


async def test_keys_requested_at_once_are_one_read(database: Database) -> None:
    counter = Counter()
    joined = JoinedRead(database, counter.read)
    assert await joined.load_many([1, 2, 2, 3, -1]) == [10, 20, 20, 30, None]
    assert counter.asked == [[1, 2, 3, -1]]


async def test_keys_requested_during_a_read_are_the_next_read(database: Database) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()
    asked: list[list[int]] = []

    async def read(session: Session, keys: Sequence[int]) -> Mapping[int, int]:
        asked.append(list(keys))
        entered.set()
        await go_on.wait()
        return {key: len(asked) for key in keys}

    joined = JoinedRead(database, read)
    first = joined.load(1)
    await entered.wait()
    second = [joined.load(1), joined.load(2)]
    go_on.set()
    assert await first == 1
    assert await asyncio.gather(*second) == [2, 2], "a request never gets the result of a read that began before it"
    assert asked == [[1], [1, 2]]


async def test_a_failed_read_fails_for_its_callers_and_not_for_later_ones(database: Database) -> None:
    failing = [True]

    async def read(session: Session, keys: Sequence[int]) -> Mapping[int, int]:
        if failing.pop():
            raise LookupError("once")
        return {key: key for key in keys}

    joined = JoinedRead(database, read)
    failing.insert(0, False)
    both = await asyncio.gather(joined.load(1), joined.load(2), return_exceptions=True)
    assert [type(answer) for answer in both] == [LookupError, LookupError]
    assert await joined.load(3) == 3


async def test_cancelling_one_caller_does_not_cancel_the_others(database: Database) -> None:
    counter = Counter()
    joined = JoinedRead(database, counter.read)
    cancelled, other = joined.load(1), joined.load(1)
    cancelled.cancel()
    assert await other == 10
    with pytest.raises(asyncio.CancelledError):
        await cancelled
