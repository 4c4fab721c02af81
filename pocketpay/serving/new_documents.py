"""A queue for documents that are not prepared yet. It limits the share of time that preparing them takes.

A client can send a new document with each request, and a long one takes about 15 ms to prepare. Cached documents skip
the queue, so usual clients do not wait: they send the same few texts again and again.

Guarantee: within any n seconds, preparing takes at most `burst_seconds` + n × `share`, plus the time of the last
document. Owners in the queue take turns (round robin), and the documents of one owner keep their order.

Decision 23 gives the reasons.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from time import thread_time
from typing import NamedTuple, TypedDict, TypeVar

from graphql import GraphQLError

from pocketpay.serving.failures import RATE_LIMITED

Result = TypeVar("Result")

MAX_WAITING = 256
"""Waiting documents of all owners."""
MAX_WAITING_PER_OWNER = 16
"""Waiting documents of one owner."""
MAX_WAIT_SECONDS = 5.0
"""Seconds that a document waits at most."""


class TooManyNewDocuments(GraphQLError):
    """Raised when too many documents wait to be prepared."""

    def __init__(self) -> None:
        super().__init__(
            "Too many new documents are waiting to be parsed. Send values in variables, so that the text of a "
            "document stays the same, and try again in a moment.",
            extensions={"code": RATE_LIMITED},
        )


class Share(TypedDict):
    """The share of time for preparing documents, and the seconds that may be spent without a pause after an idle
    period."""

    share: float
    burst_seconds: float


class _WaitingDocument(NamedTuple):
    """A waiting document."""

    prepare: Callable[[], object]
    future: "asyncio.Future[object]"


class NewDocuments:
    """The queue of waiting documents, by owner."""

    def __init__(self, *, share: float, burst_seconds: float) -> None:
        """Preparing takes at most `share` of the time; after an idle period it may take `burst_seconds` without a
        pause."""
        self._share, self._burst_seconds = share, burst_seconds
        self._covered_until = 0.0
        """The time at which the accumulated share covers all documents that were prepared so far."""
        self._waiting: OrderedDict[Hashable, deque[_WaitingDocument]] = OrderedDict()
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, owner: Hashable, prepare: Callable[[], Result]) -> Result:
        """Calls `prepare` at the owner's turn and returns its result. Raises TooManyNewDocuments when too many wait,
        or when the turn does not come within 5 s."""
        loop = asyncio.get_running_loop()
        if not self._count and loop.time() >= self._free_at():
            return self._run(prepare)
        queue = self._waiting.get(owner, deque())
        if self._count >= MAX_WAITING or len(queue) >= MAX_WAITING_PER_OWNER:
            raise TooManyNewDocuments
        self._waiting[owner] = queue
        future: asyncio.Future[object] = loop.create_future()
        queue.append(_WaitingDocument(prepare, future))
        self._count += 1
        if self._timer is None:
            self._timer = loop.call_at(self._free_at(), self._prepare_next)
        try:
            async with asyncio.timeout(MAX_WAIT_SECONDS):
                return await future  # type: ignore[return-value]  # it is the result of `prepare`
        except TimeoutError:
            raise TooManyNewDocuments from None

    def _prepare_next(self) -> None:
        """Prepares the next documents, and skips cancelled requests."""
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
            self._timer = loop.call_at(self._free_at(), self._prepare_next)

    def _run(self, prepare: Callable[[], Result]) -> Result:
        started = thread_time()
        try:
            return prepare()
        finally:
            seconds_taken = thread_time() - started
            now = asyncio.get_running_loop().time()
            self._covered_until = max(self._covered_until, now) + seconds_taken / self._share

    def _free_at(self) -> float:
        """The time at which the next document may be prepared."""
        return self._covered_until - self._burst_seconds / self._share
