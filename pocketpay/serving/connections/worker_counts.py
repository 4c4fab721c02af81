"""The number of open connections of each worker, in memory that the supervisor and all workers share.

Each worker writes its own number, and reads all. A number takes four bytes, which the processor writes at once.
"""

import mmap
import os

BYTES = 4

TOLERANCE = 16
"""With more than 16 connections each, workers wait less exactly for each other, so that many connections at once are
accepted sooner."""

GONE = 0xFFFF_FFFF
"""The number of a worker that accepts no connection: it has not started, drains or has ended."""


class WorkerCounts:
    """The numbers of all workers, as the supervisor has them. `file` is passed to the workers."""

    def __init__(self, workers: int) -> None:
        self.file = os.memfd_create("pocketpay-connections")
        os.ftruncate(self.file, workers * BYTES)
        self._numbers = _numbers(self.file, workers)
        for place in range(workers):
            self.leave(place)

    def leave(self, place: int) -> None:
        """The worker in this place has ended."""
        self._numbers[place] = GONE


class OwnCount:
    """The number of this worker, and those of the others."""

    def __init__(self, file: int, workers: int, place: int) -> None:
        """`file` is the one of the supervisor's `WorkerCounts`."""
        self._numbers, self._place = _numbers(file, workers), place
        self._has_left = False

    def set(self, number: int) -> None:
        """Writes this worker's number of connections, unless it has left."""
        if not self._has_left:
            self._numbers[self._place] = number

    def leave(self) -> None:
        """Leaves new connections to the other workers, as long as there are any."""
        self._has_left = True
        self._numbers[self._place] = GONE

    def others_have_fewer(self) -> bool:
        """Whether another worker has fewer connections than this one, by more than one in TOLERANCE."""
        fewest = min(self._numbers)
        return self._numbers[self._place] - fewest > fewest // TOLERANCE


def _numbers(file: int, workers: int) -> memoryview:
    return memoryview(mmap.mmap(file, workers * BYTES)).cast("I")
