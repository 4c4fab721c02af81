"""A fair order of waiting for connections when there are more callers than connections.

The rule: a free connection goes to the waiting owner who uses the fewest now; among equals, to the owner who has
waited longest. No owner uses more than their share. So while others wait, an owner who uses one connection does not
get a second one, and the connections beyond an owner's share stay free for others. The requests of one owner are
served in their order.

Decision 2 gives the reasons.
"""

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

from pocketpay.database.failures import ServiceBusy

Resource = TypeVar("Resource")


class Turns(Generic[Resource]):
    """The waiting requests, by owner, and the number of resources that each owner uses."""

    def __init__(self, share: int) -> None:
        self._share = share
        self._used: dict[Hashable, int] = {}
        self._waiting: dict[Hashable, deque[asyncio.Future[Resource]]] = {}
        self._next: list[dict[Hashable, None]] = [{} for _ in range(share)]
        """The waiting owners who may use one more, by the number they use; in each, the longest waiting first."""

    def may_use(self, owner: Hashable) -> bool:
        """Whether one more resource is within the owner's share."""
        return self._used.get(owner, 0) < self._share

    def begin(self, owner: Hashable) -> None:
        """Counts one more resource that the owner uses."""
        self._change(owner, +1)

    def end(self, owner: Hashable) -> None:
        """Subtracts one from the number of resources that the owner uses."""
        self._change(owner, -1)

    def wait(self, owner: Hashable) -> "asyncio.Future[Resource]":
        """Adds a request of the owner for one more resource. Returns the future that is resolved when the request is
        served."""
        future: asyncio.Future[Resource] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(future)
        if self.may_use(owner):
            self._next[self._used.get(owner, 0)].setdefault(owner)
        return future

    def leave(self, owner: Hashable, future: "asyncio.Future[Resource]") -> None:
        """Removes a request that no longer waits."""
        waiting = self._waiting.get(owner)
        if waiting is not None and future in waiting:
            waiting.remove(future)
            self._tidy(owner)

    def next(self) -> "asyncio.Future[Resource] | None":
        """Removes and returns the next request, and counts one more resource for its owner. None if no request can be
        served."""
        for owners in self._next:
            while owners:
                owner = next(iter(owners))
                future = self._waiting[owner].popleft()
                self._tidy(owner)
                if not future.done():  # a cancelled request is done before it is removed
                    self.begin(owner)
                    return future
        return None

    def __len__(self) -> int:
        """The number of waiting requests."""
        return sum(map(len, self._waiting.values()))

    def could_be_served(self) -> int:
        """The number of waiting requests that could be served within their owners' shares."""
        return sum(
            min(len(self._waiting[owner]), self._share - used)
            for used, owners in enumerate(self._next)
            for owner in owners
        )

    def fail(self, error: Exception) -> None:
        """Ends every waiting request with the error; a ServiceBusy is copied for each request."""
        for waiting in self._waiting.values():
            for future in waiting:
                if not future.done():
                    future.set_exception(_copy(error))
        self._waiting.clear()
        for owners in self._next:
            owners.clear()

    def _change(self, owner: Hashable, by: int) -> None:
        before = self._used.get(owner, 0)
        after = before + by
        if after:
            self._used[owner] = after
        else:
            del self._used[owner]
        if owner in self._waiting:
            if before < self._share:
                self._next[before].pop(owner, None)
            if after < self._share:
                self._next[after].setdefault(owner)

    def _tidy(self, owner: Hashable) -> None:
        """Removes an owner without waiting requests."""
        if not self._waiting[owner]:
            del self._waiting[owner]
            if self.may_use(owner):
                self._next[self._used.get(owner, 0)].pop(owner, None)


def _copy(error: Exception) -> Exception:
    if not isinstance(error, ServiceBusy):
        return error
    copy = ServiceBusy(str(error))
    copy.__cause__ = error.__cause__
    return copy
