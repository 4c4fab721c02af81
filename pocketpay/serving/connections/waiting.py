"""Connections that wait for the same thing, in the order in which they began to."""

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Waiting(Generic[T]):
    """Those who wait for one thing, each at most `seconds`.

    All have the same limit, so the one that began first is the first to be overdue: adding, removing and finding
    it take the same time however many wait.
    """

    __slots__ = ("_since", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._since: dict[T, float] = {}

    def __len__(self) -> int:
        return len(self._since)

    def add(self, one: T, now: float) -> None:
        """It begins to wait, or begins again."""
        self._since.pop(one, None)
        self._since[one] = now

    def remove(self, one: T) -> None:
        self._since.pop(one, None)

    def longest(self) -> T | None:
        """Who has waited longest, or None when nobody waits."""
        return next(iter(self._since), None)

    def overdue(self, now: float) -> Iterator[T]:
        """Those who have waited too long. Each may be removed, or added again, while it is looked at."""
        for one, since in list(self._until(now - self.seconds)):
            if self._since.get(one) == since:
                yield one

    def _until(self, moment: float) -> Iterator[tuple[T, float]]:
        for one, since in self._since.items():
            if since > moment:
                return
            yield one, since
