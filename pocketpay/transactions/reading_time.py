"""How long filtered pages may keep reading, all pages of one operation together."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 0.25
"""An operation can have dozens of filtered pages. Each reads once, which takes up to 5 ms; to continue, they share
this time. It is enough for a search in ten million transactions of one wallet, or for another filter in a hundred
thousand."""


class ReadingTime:
    """The time that is left to the filtered pages of one operation.

    A page stops when the time is over, and reports where. Only the time of reading counts, not the time that a page
    waits for a connection.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._left = seconds

    @property
    def is_left(self) -> bool:
        return self._left > 0

    @contextmanager
    def spent(self) -> Iterator[None]:
        """Subtracts the duration of the block."""
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            yield
        finally:
            self._left -= clock() - started
