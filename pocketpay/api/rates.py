"""The limit on requests per second: a token bucket for each user or address, in the memory of this process.

It is our own code because it runs before every request, and because a token bucket allows bursts. The library
`limits` counts in windows, starts a timer thread, and takes five times as long (4 to 6 µs). Each server process
counts only its own requests.
"""

from collections.abc import Callable, Hashable
from math import ceil
from time import monotonic

MAX_BUCKETS = 50_000
"""Maximum number of buckets in a generation. Two generations take about 15 MB. When one is full, the older one is
dropped early, so that requests from very many addresses use neither more memory nor a search for old buckets."""


class Rates:
    """Token buckets by key. Each bucket holds at most `burst` tokens and gains `per_second` tokens per second. A
    request takes one token.

    An empty bucket is full again after `burst` / `per_second` seconds. A bucket that was not used for that time is
    full, and is not stored. So the buckets are kept in two generations of that duration, and older ones are dropped.
    """

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = monotonic) -> None:
        self._per_second, self._burst, self._clock = per_second, burst, clock
        self._recent: dict[Hashable, tuple[float, float]] = {}
        self._older: dict[Hashable, tuple[float, float]] = {}
        self._since = clock()

    def __len__(self) -> int:
        """Number of stored buckets."""
        return len(self._recent) + len(self._older)

    def take(self, key: Hashable) -> int | None:
        """Takes a token from the bucket of `key`. Returns None on success, else the seconds until a token is
        available."""
        now = self._clock()
        if now - self._since >= self._burst / self._per_second or len(self._recent) >= MAX_BUCKETS:
            self._older, self._recent, self._since = self._recent, {}, now
        kept = self._recent.get(key) or self._older.get(key)
        tokens, since = kept if kept is not None else (self._burst, now)
        tokens = min(self._burst, tokens + (now - since) * self._per_second)
        if tokens < 1:
            self._recent[key] = tokens, now
            return max(1, ceil((1 - tokens) / self._per_second))
        self._recent[key] = tokens - 1, now
        return None
