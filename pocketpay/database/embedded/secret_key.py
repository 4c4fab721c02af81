"""The key that signs tokens where nobody gave one: made once, kept beside the embedded cluster, never inside it.

A copy of the cluster (a base backup, say) must not carry the key along.
"""

import os
import secrets
from pathlib import Path

from pocketpay.database.errors import DatabaseUnavailable

FILE = "secret_key"
RANDOM_BYTES = 48


def read_or_make(data: Path) -> bytes:
    """The key in that data directory; the first to ask makes it, also when several ask at once.

    Raises DatabaseUnavailable with a sentence when it can be neither read nor made.
    """
    path = data / FILE
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes().strip()
    except OSError as error:
        raise DatabaseUnavailable(f"Cannot read or make {path} ({error.strerror}): set SECRET_KEY.") from error
    if len(key) < RANDOM_BYTES:
        raise DatabaseUnavailable(f"{path} is damaged. Remove it (every session ends) or set SECRET_KEY.")
    return key


def _make(path: Path) -> None:
    """Writes the key aside and links it into place: whoever reads sees a whole key, and a second maker loses."""
    fresh = path.with_name(f"{FILE}.{secrets.token_hex(4)}")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, secrets.token_urlsafe(RANDOM_BYTES).encode())
        os.fsync(file)
        try:
            os.link(fresh, path)
        except FileExistsError:
            return
    finally:
        os.close(file)
        fresh.unlink()
