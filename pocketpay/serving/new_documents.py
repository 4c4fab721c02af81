"""Turns of documents that this server has not prepared yet: they take a bounded part of its time.

Anybody can make up a new document for each request, and a long one takes some 15 ms to prepare. Documents that were
prepared before need no turn, so clients do not wait: they send the same few texts again and again.

The law: within any n seconds, preparing takes `burst_seconds` + n × `share` and the last document at most. Owners who
wait have their turns one after another, and the documents of one owner have theirs in order.

Decision 23 gives the reasons.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from time import thread_time
from typing import NamedTuple, TypedDict, TypeVar

from graphql import GraphQLError

from pocketpay.serving.failures import RATE_LIMITED

Prepared = TypeVar("Prepared")

MOST_WAITING = 256
"""Documents that wait, of all owners."""
MOST_OF_ONE = 16
"""Documents that wait, of one owner."""
SECONDS = 5.0
"""How long a document waits."""


class TooManyNewDocuments(GraphQLError):
    """Too many documents wait to be prepared."""

    def __init__(self) -> None:
        super().__init__(
            "Too many new documents are waiting to be parsed. Send values in variables, so that the text of a "
            "document stays the same, and try again in a moment.",
            extensions={"code": RATE_LIMITED},
        )


class Share(TypedDict):
    """How much of the time is for preparing documents, and how much may be spent at once after a quiet time."""

    share: float
    burst_seconds: float


class _Waiting(NamedTuple):
    """A document that waits."""

    prepare: Callable[[], object]
    future: "asyncio.Future[object]"


class NewDocuments:
    """The documents that wait for their turn, by owner."""

    def __init__(self, *, share: float, burst_seconds: float) -> None:
        """`share` of the time is for preparing them; `burst_seconds` may be spent at once after a quiet time."""
        self._share, self._burst_seconds = share, burst_seconds
        self._paid_at = 0.0
        """When the share of the time has paid for all documents so far."""
        self._waiting: OrderedDict[Hashable, deque[_Waiting]] = OrderedDict()
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, owner: Hashable, prepare: Callable[[], Prepared]) -> Prepared:
        """What `prepare` gives, called when it is that owner's turn. Raises TooManyNewDocuments when too many wait,
        or the turn does not come within 5 s."""
        loop = asyncio.get_running_loop()
        if not self._count and loop.time() >= self._free_at():
            return self._run(prepare)
        queue = self._waiting.get(owner, deque())
        if self._count >= MOST_WAITING or len(queue) >= MOST_OF_ONE:
            raise TooManyNewDocuments
        self._waiting[owner] = queue
        future: asyncio.Future[object] = loop.create_future()
        queue.append(_Waiting(prepare, future))
        self._count += 1
        if self._timer is None:
            self._timer = loop.call_at(self._free_at(), self._next)
        try:
            async with asyncio.timeout(SECONDS):
                return await future  # type: ignore[return-value]  # it is what `prepare` gave
        except TimeoutError:
            raise TooManyNewDocuments from None

    def _next(self) -> None:
        """Prepares the next document for whoever still waits."""
        self._timer = None
        loop = asyncio.get_running_loop()
        while self._waiting and loop.time() >= self._free_at():
            owner, queue = self._waiting.popitem(last=False)
            prepare, future = queue.popleft()
            self._count -= 1
            if queue:
                self._waiting[owner] = queue
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
            self._paid_at = max(self._paid_at, now) + took / self._share

    def _free_at(self) -> float:
        """When the next document may begin."""
        return self._paid_at - self._burst_seconds / self._share
