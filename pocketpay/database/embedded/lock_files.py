"""Locks between processes: `flock` on small files, released by the kernel when their holder dies."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAUSE_SECONDS = 0.05


class FileLock:
    """A lock file held open. Two objects on one path exclude each other, in one process too."""

    def __init__(self, path: Path) -> None:
        """Opens the file, making it (0600) when absent. Raises OSError when that cannot be."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def share(self) -> None:
        """Holds it together with others; waits while somebody holds it alone."""
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def take(self, *, patience_seconds: float = 0) -> bool:
        """Holds it alone, and says whether that came about in time.

        A shared hold is given up for the try, also when it fails.
        """
        deadline = time.monotonic() + patience_seconds
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
            time.sleep(PAUSE_SECONDS)

    def release(self) -> None:
        """Lets go for good: the object is not used again."""
        os.close(self._file)


@contextmanager
def alone(path: Path, *, patience_seconds: float) -> Iterator[bool]:
    """Holds the lock file for the block; gives False when somebody else held it all the while."""
    lock = FileLock(path)
    try:
        yield lock.take(patience_seconds=patience_seconds)
    finally:
        lock.release()
