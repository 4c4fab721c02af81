"""How often somebody may ask: a bucket of tokens for each user, in this process.

Of our own because it stands before every request, and because a bucket lets a burst through: the `limits` library has
windows, a timer's thread, and takes five times as long (4 to 6 µs). Each server counts for itself.
"""

from collections.abc import Callable, Hashable
from math import ceil
from time import monotonic

MOST_KEPT = 50_000
"""Users remembered; past it those whose buckets have filled up again are forgotten."""


class Rates:
    """`per_second` tokens flow into each bucket, which holds `burst`; a request takes one."""

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = monotonic) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._buckets: dict[Hashable, tuple[float, float]] = {}

    def take(self, who: Hashable) -> int | None:
        """Takes a token: None when there was one, else the seconds until there will be."""
        now = self._clock()
        tokens, since = self._buckets.get(who, (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._per_second)
        if tokens < 1:
            self._buckets[who] = tokens, now
            return max(1, ceil((1 - tokens) / self._per_second))
        if len(self._buckets) >= MOST_KEPT:
            self._forget(now)
        self._buckets[who] = tokens - 1, now
        return None

    def _forget(self, now: float) -> None:
        full_after = self._burst / self._per_second
        self._buckets = {who: kept for who, kept in self._buckets.items() if now - kept[1] < full_after}
