"""Locks between processes: `flock` on small files. The kernel releases a lock when its process ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAUSE_SECONDS = 0.05


class FileLock:
    """An open lock file. Two objects for the same path exclude each other, also within one process."""

    def __init__(self, path: Path) -> None:
        """Opens the file, and creates it (mode 0600) when it is missing. Raises OSError when that fails."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def share(self) -> None:
        """Takes a shared lock. Waits while another object has an exclusive lock."""
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def take(self, *, patience_seconds: float = 0) -> bool:
        """Takes an exclusive lock. Returns False when that does not succeed within `patience_seconds`.

        A shared lock of this object is released first, also when the attempt fails.
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
        """Releases the lock and closes the file. The object must not be used again."""
        os.close(self._file)


@contextmanager
def exclusive(path: Path, *, patience_seconds: float) -> Iterator[bool]:
    """Holds the lock file exclusively during the block. Yields False when another holder kept it for
    `patience_seconds`; the block then runs without the lock."""
    lock = FileLock(path)
    try:
        yield lock.take(patience_seconds=patience_seconds)
    finally:
        lock.release()
