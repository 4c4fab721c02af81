"""The file of a backup: a zip file, which `unzip` opens too.

    pocketpay.json    the revision of the tables, PostgreSQL's version, the time
    database.dump     the database, in the custom format of pg_dump
    secret_key        the key that signs tokens, when it was in the data directory

Only its owner may read it. The file is written under another name and renamed when it is complete.
"""

import errno
import json
import os
import secrets
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from pocketpay.database.backups.tools import Address, Tools
from pocketpay.database.errors import DatabaseUnavailable

FORMAT = 1
ABOUT, DUMP, KEY = "pocketpay.json", "database.dump", "secret_key"
LOCK_WAIT = "60s"
"""The longest wait for a table that a migration has locked."""


@dataclass(frozen=True, slots=True)
class About:
    """The content of `pocketpay.json`."""

    revision: str
    postgresql: str
    created_at: str
    format: int = FORMAT


def write(path: Path, about: About, key: bytes | None, *, tools: Tools, address: Address) -> int:
    """Writes a backup of the database to a new file. Returns its size in bytes.

    Raises DatabaseUnavailable, with advice, when the file exists, cannot be written, or pg_dump fails.
    """
    try:
        with _new_file(path) as fresh, zipfile.ZipFile(fresh, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(ABOUT, json.dumps(asdict(about), indent=2) + "\n")
            if key is not None:
                archive.writestr(KEY, key)
            options = ["--format=custom", f"--lock-wait-timeout={LOCK_WAIT}", "--no-password"]
            with (
                archive.open(DUMP, "w", force_zip64=True) as dump,
                tools.running("pg_dump", *options, address=address, stdout=subprocess.PIPE) as process,
            ):
                assert process.stdout is not None  # noqa: S101
                shutil.copyfileobj(process.stdout, dump, 1_000_000)
        return path.stat().st_size
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> DatabaseUnavailable:
    """Returns the error for a file that cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DatabaseUnavailable(f"No space is left for {path}: free some space, or name a file on another disk.")
    if error.errno == errno.EEXIST:
        return DatabaseUnavailable(f"{path} exists already: name a new file, or remove it.")
    return DatabaseUnavailable(f"Cannot write {path} ({error.strerror or error}): name a file in another folder.")


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Opens a new file beside `path`, and renames it to `path` after the block. After an error it is deleted."""
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(fresh, flags, 0o600), "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
    finally:
        fresh.unlink(missing_ok=True)
