"""Turns of texts that come without a token: preparing them takes a fiftieth of the server's time.

A stranger can make up a new text for each request, and a long one takes 15 ms to prepare. Texts that were prepared
before need no turn, so the clients that people sign in with do not wait.

The law: within any n seconds, preparing new texts takes 0.1 s + n / 50 and the last text at most. Networks that wait
have their turns one after another, and the texts of one network have theirs in order.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from time import thread_time
from typing import NamedTuple, TypeVar

from graphql import GraphQLError

from pocketpay.serving.failures import RATE_LIMITED

Prepared = TypeVar("Prepared")

SHARE = 1 / 50
"""Of the time, for preparing new texts."""
BURST_SECONDS = 0.1
"""What may be spent at once after a quiet time: a new version of a client brings some ten texts."""
MOST_WAITING = 256
"""Texts that wait, of all networks."""
MOST_OF_ONE = 16
"""Texts that wait, of one network."""
SECONDS = 5.0
"""How long a text waits."""


class TooManyTexts(GraphQLError):
    """Too many new texts came without a token."""

    def __init__(self) -> None:
        super().__init__(
            "Too many new documents come from clients that are not signed in: try again in a moment.",
            extensions={"code": RATE_LIMITED},
        )


class _Waiting(NamedTuple):
    """A text that waits."""

    prepare: Callable[[], object]
    future: "asyncio.Future[object]"


class Strangers:
    """The texts of strangers that wait for their turn, by network."""

    def __init__(self) -> None:
        self._paid_at = 0.0
        """When the share of the time has paid for all texts so far."""
        self._waiting: OrderedDict[str, deque[_Waiting]] = OrderedDict()
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, network: str, prepare: Callable[[], Prepared]) -> Prepared:
        """What `prepare` gives, called when it is that network's turn. Raises TooManyTexts when too many wait, or
        the turn does not come within 5 s."""
        loop = asyncio.get_running_loop()
        if not self._count and loop.time() >= self._free_at():
            return self._run(prepare)
        queue = self._waiting.get(network, deque())
        if self._count >= MOST_WAITING or len(queue) >= MOST_OF_ONE:
            raise TooManyTexts
        self._waiting[network] = queue
        future: asyncio.Future[object] = loop.create_future()
        queue.append(_Waiting(prepare, future))
        self._count += 1
        if self._timer is None:
            self._timer = loop.call_at(self._free_at(), self._next)
        try:
            async with asyncio.timeout(SECONDS):
                return await future  # type: ignore[return-value]  # it is what `prepare` gave
        except TimeoutError:
            raise TooManyTexts from None

    def _next(self) -> None:
        """Prepares the next text for whoever still waits."""
        self._timer = None
        loop = asyncio.get_running_loop()
        while self._waiting and loop.time() >= self._free_at():
            network, queue = self._waiting.popitem(last=False)
            prepare, future = queue.popleft()
            self._count -= 1
            if queue:
                self._waiting[network] = queue
            if future.done():
                continue
            try:
                future.set_result(self._run(prepare))
            except Exception as error:
                future.set_exception(error)
        if self._waiting:
            self._timer = loop.call_at(self._free_at(), self._next)

    def _run(self, prepare: Callable[[], Prepared]) -> Prepared:
        began = thread_time()
        try:
            return prepare()
        finally:
            took = thread_time() - began
            now = asyncio.get_running_loop().time()
            self._paid_at = max(self._paid_at, now) + took / SHARE

    def _free_at(self) -> float:
        """When the next text may begin."""
        return self._paid_at - BURST_SECONDS / SHARE
