"""Whose turn it is when more want a connection than there are.

The law: a free connection goes to the owner who uses the fewest now, and of those to who came first, and no owner
uses more than their share. So while others wait, an owner who uses one gets no second; and however much one owner
asks for, the connections beyond their share are for others. An owner's own requests have their turns in order.

Decision 2 gives the reasons.
"""

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

from pocketpay.database.failures import ServiceBusy

Thing = TypeVar("Thing")


class Turns(Generic[Thing]):
    """Requests that wait, by owner, and how many things each owner uses."""

    def __init__(self, share: int) -> None:
        self._share = share
        self._used: dict[Hashable, int] = {}
        self._waiting: dict[Hashable, deque[asyncio.Future[Thing]]] = {}
        self._next: list[dict[Hashable, None]] = [{} for _ in range(share)]
        """Owners who wait and may use one more, by how many they use; those who came first stand first."""

    def may_use(self, owner: Hashable) -> bool:
        """Whether that is within the owner's share."""
        return self._used.get(owner, 0) < self._share

    def begin(self, owner: Hashable) -> None:
        """The owner uses one more."""
        self._change(owner, +1)

    def end(self, owner: Hashable) -> None:
        """The owner uses one less."""
        self._change(owner, -1)

    def wait(self, owner: Hashable) -> "asyncio.Future[Thing]":
        """The owner waits for one more."""
        future: asyncio.Future[Thing] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(owner, deque()).append(future)
        if self.may_use(owner):
            self._next[self._used.get(owner, 0)].setdefault(owner)
        return future

    def leave(self, owner: Hashable, future: "asyncio.Future[Thing]") -> None:
        """That request waits no more."""
        waiting = self._waiting.get(owner)
        if waiting is not None and future in waiting:
            waiting.remove(future)
            self._tidy(owner)

    def next(self) -> "asyncio.Future[Thing] | None":
        """The request whose turn it is; its owner uses one more from now on. None when nobody may be served."""
        for owners in self._next:
            while owners:
                owner = next(iter(owners))
                future = self._waiting[owner].popleft()
                self._tidy(owner)
                if not future.done():  # done is one that was cancelled and has not left yet
                    self.begin(owner)
                    return future
        return None

    def could_be_served(self) -> int:
        """How many that wait could be served, each owner within their share."""
        return sum(
            min(len(self._waiting[owner]), self._share - used)
            for used, owners in enumerate(self._next)
            for owner in owners
        )

    def fail(self, error: Exception) -> None:
        """Everybody who waits is told that, a ServiceBusy by one of their own."""
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
        """Forgets an owner of whom nothing waits."""
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
