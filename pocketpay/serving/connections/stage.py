"""One stage of connections, ordered by the time at which each entered it."""

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Stage(Generic[T]):
    """The items in one stage; each may stay at most `seconds`.

    All items have the same limit, so the first to enter is the first to be overdue. Adding, removing and finding an
    item take constant time.
    """

    __slots__ = ("_since", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._since: dict[T, float] = {}

    def __len__(self) -> int:
        return len(self._since)

    def add(self, item: T, now: float) -> None:
        """Adds the item, or moves it to the end, with `now` as the time at which it entered."""
        self._since.pop(item, None)
        self._since[item] = now

    def remove(self, item: T) -> None:
        self._since.pop(item, None)

    def since(self, item: T) -> float | None:
        """Returns the time at which the item entered the stage; None when it is not in the stage."""
        return self._since.get(item)

    def longest(self) -> T | None:
        """Returns the item that entered first, or None when the stage is empty."""
        return next(iter(self._since), None)

    def overdue(self, now: float) -> Iterator[T]:
        """Yields the items that exceed the limit. The caller may remove an item or add it again meanwhile."""
        for item, since in list(self._until(now - self.seconds)):
            if self._since.get(item) == since:
                yield item

    def _until(self, moment: float) -> Iterator[tuple[T, float]]:
        for item, since in self._since.items():
            if since > moment:
                return
            yield item, since
