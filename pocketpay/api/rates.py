"""How often somebody may ask: a bucket of tokens for each user, or each address, in this process.

Of our own because it stands before every request, and because a bucket lets a burst through: the `limits` library has
windows, a timer's thread, and takes five times as long (4 to 6 µs). Each server counts for itself.
"""

from collections.abc import Callable, Hashable
from math import ceil
from time import monotonic

MOST_KEPT = 50_000
"""Buckets of one generation. Two are kept, about 15 MB; past it the older one is forgotten before its time, so that
callers with very many addresses cost neither memory nor a search for what may be forgotten."""


class Rates:
    """`per_second` tokens flow into each bucket, which holds `burst`; a request takes one.

    A bucket that nobody has used while an empty one fills up is full, and need not be kept: the buckets used last
    make one generation, those used in the time before it the other, and older ones are gone.
    """

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = monotonic) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._recent: dict[Hashable, tuple[float, float]] = {}
        self._older: dict[Hashable, tuple[float, float]] = {}
        self._since = clock()

    def __len__(self) -> int:
        """Buckets that are kept."""
        return len(self._recent) + len(self._older)

    def take(self, who: Hashable) -> int | None:
        """Takes a token: None when there was one, else the seconds until there will be."""
        now = self._clock()
        if now - self._since >= self._burst / self._per_second or len(self._recent) >= MOST_KEPT:
            self._older, self._recent, self._since = self._recent, {}, now
        kept = self._recent.get(who) or self._older.get(who)
        tokens, since = kept if kept is not None else (self._burst, now)
        tokens = min(self._burst, tokens + (now - since) * self._per_second)
        if tokens < 1:
            self._recent[who] = tokens, now
            return max(1, ceil((1 - tokens) / self._per_second))
        self._recent[who] = tokens - 1, now
        return None
