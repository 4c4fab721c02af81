"""The key that signs tokens when SECRET_KEY is not set. It is created once and stored in the data directory.

It is stored next to the embedded cluster, not inside it, so that a copy of the cluster (for example a base backup)
does not contain the key.
"""

import os
import secrets
from pathlib import Path

from pocketpay.database.errors import DatabaseUnavailable

FILE = "secret_key"
RANDOM_BYTES = 48


def read_or_create(data: Path) -> bytes:
    """Returns the key in the data directory. The first caller creates it, also when several processes call at once.

    Raises DatabaseUnavailable when the key cannot be read or created, or when its file is damaged.
    """
    path = data / FILE
    try:
        if not path.exists():
            _make(path, secrets.token_urlsafe(RANDOM_BYTES).encode())
        key = path.read_bytes().strip()
    except OSError as error:
        raise DatabaseUnavailable(f"Cannot read or make {path} ({error.strerror}): set SECRET_KEY.") from error
    if len(key) < RANDOM_BYTES:
        raise DatabaseUnavailable(f"{path} is damaged. Remove it (every session ends) or set SECRET_KEY.")
    return key


def put(data: Path, key: bytes) -> None:
    """Stores the key of a backup in the data directory, unless a key is there already."""
    if not (data / FILE).exists():
        _make(data / FILE, key)


def _make(path: Path, key: bytes) -> None:
    """Writes the key to a temporary file and links it to `path`. So a reader always sees a whole key, and when two
    processes create one at once, only the first key is used."""
    fresh = path.with_name(f"{FILE}.{secrets.token_hex(4)}")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, key)
        os.fsync(file)
        try:
            os.link(fresh, path)
        except FileExistsError:
            return
    finally:
        os.close(file)
        fresh.unlink()
