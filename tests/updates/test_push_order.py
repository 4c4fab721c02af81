"""States that are sent without waking their subscriber: with those that it sends itself, they are in order, and none
is sent after its end."""

import asyncio
from collections.abc import Sequence
from itertools import product

import pytest

from pocketpay.updates.feed import Watch

STEPS = ("new", "old", "run", "full", "empty", "cancel")
LENGTH = 5


class Subscriber:
    """A subscriber that sends each state, and waits while its peer does not read."""

    def __init__(self) -> None:
        self.watch = Watch[int](int.__gt__, self._push)
        self.sent: list[int] = []
        self.pushed: list[int] = []
        self._writable = asyncio.Event()
        self._writable.set()
        self._version = 1
        self.cancelled = False
        self._task = asyncio.create_task(self._run())

    async def do(self, step: str) -> None:
        match step:
            case "new":
                self._version += 1
                self.watch.offer(self._version)
            case "old":
                self.watch.offer(self._version - 1)
            case "run":
                await self.run()
            case "full":
                self._writable.clear()
            case "empty":
                self._writable.set()
            case "cancel":
                self.cancelled = self._task.cancel() or self.cancelled

    async def start(self) -> None:
        await self.run()
        self.watch.offer(self._version)
        await self.run()

    async def run(self) -> None:
        """Lets the task run until it waits."""
        for _ in range(4):
            await asyncio.sleep(0)

    async def end(self) -> None:
        """Ends with a peer that reads everything."""
        self._writable.set()
        await self.run()
        if not self.cancelled:
            assert self.sent[-1] == self._version, "the newest state is sent"
        self._task.cancel()
        await asyncio.wait([self._task])
        assert self._task.cancelled()

    def _push(self, state: int) -> bool:
        assert not self.cancelled, "nothing is sent after the end"
        if not self._writable.is_set():
            return False
        self.sent.append(state)
        self.pushed.append(state)
        return True

    async def _run(self) -> None:
        state = await self.watch.first()
        assert state is not None
        while True:
            await self._writable.wait()
            self.sent.append(state)
            state = await self.watch.next()


async def _follow(steps: Sequence[str]) -> Subscriber:
    subscriber = Subscriber()
    await subscriber.start()
    for step in steps:
        await subscriber.do(step)
    await subscriber.end()
    return subscriber


async def test_in_every_order_of_steps_states_are_sent_in_order_and_the_newest_arrives() -> None:
    pushed = 0
    for steps in product(STEPS, repeat=LENGTH):
        subscriber = await _follow(steps)
        sent = subscriber.sent
        assert sent == sorted({*sent}), f"{steps} send {sent}"
        pushed += bool(subscriber.pushed)
    assert pushed > len(STEPS) ** LENGTH / 4


async def test_a_waiting_subscriber_is_not_woken_for_a_state_that_is_sent() -> None:
    subscriber = await _follow(["new", "new", "new"])
    assert subscriber.pushed == [2, 3, 4]
    assert subscriber.sent == [1, 2, 3, 4]


async def test_the_first_state_is_never_sent_without_its_subscriber() -> None:
    subscriber = Subscriber()
    await subscriber.run()
    for state in (None, 1, 2):
        subscriber.watch.offer(state)
    await subscriber.run()
    assert (subscriber.sent, subscriber.pushed) == ([2], [])
    await subscriber.do("cancel")


async def test_an_error_is_raised_to_a_subscriber_whose_states_are_sent() -> None:
    watch = Watch[int](int.__gt__, lambda state: True)
    watch.offer(1)
    assert await watch.first() == 1
    waiting = asyncio.create_task(watch.next())
    await asyncio.sleep(0)
    watch.offer(2)
    watch.fail(LookupError("a bug"))
    with pytest.raises(LookupError):
        await waiting
