"""A file to restore: a backup of `pocketpay backup`, or a dump of pg_dump (custom or plain).

`checked` reads the whole file before anything is changed. It refuses a damaged file, a file of another program, and a
file of a later version, each with one sentence.
"""

import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO

from pocketpay.database import revisions
from pocketpay.database.backups import plain_dump
from pocketpay.database.backups.file import ABOUT, DUMP, FORMAT, KEY
from pocketpay.database.backups.tools import Address, ToolFailed, Tools
from pocketpay.database.errors import DatabaseUnavailable, WrongRevision

ZIP_MAGIC, DUMP_MAGIC = b"PK\x03\x04", b"PGDMP"
CHUNK_BYTES = 1_000_000

RESTORE = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password")
EXECUTE = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", "--no-password", "--file=-")


class Kind(StrEnum):
    """The forms of a file that can be restored."""

    BACKUP = "backup"
    CUSTOM = "custom"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was checked. `key` is the key that signs tokens, or None when the file has none."""

    path: Path
    kind: Kind
    revision: str
    key: bytes | None = field(default=None, repr=False)

    def load(self, tools: Tools, address: Address) -> None:
        """Executes the dump in an empty database, in one transaction. Raises DatabaseUnavailable with the reason."""
        try:
            if self.kind is Kind.PLAIN:
                with (
                    self.path.open("rb") as lines,
                    tools.running("psql", *EXECUTE, address=address, stdin=subprocess.PIPE) as process,
                ):
                    assert process.stdin is not None  # noqa: S101
                    process.stdin.writelines(plain_dump.without_owners_and_grants(lines))
                return
            name = address.variables.get("PGDATABASE", "").replace("\\", "\\\\").replace("'", "\\'")
            with (
                _opened_dump(self.path, self.kind) as dump,
                tools.running(
                    "pg_restore", *RESTORE, f"--dbname=dbname='{name}'", address=address, stdin=subprocess.PIPE
                ) as process,
            ):
                assert process.stdin is not None  # noqa: S101
                shutil.copyfileobj(dump, process.stdin, CHUNK_BYTES)
        except ToolFailed as failed:
            raise DatabaseUnavailable(
                f"{self.path} was not restored ({failed.reason}). The database is as it was before."
            ) from failed


def read_whole(path: Path, tools: Tools) -> Source:
    """Reads the whole file and returns it. Raises DatabaseUnavailable or WrongRevision, with one sentence, when it is
    damaged or is no file of Pocket Pay."""
    try:
        return _read(path, tools)
    except OSError as error:
        raise DatabaseUnavailable(f"Cannot read {path} ({error.strerror or error}).") from error


def checked(path: Path, tools: Tools) -> Source:
    """Reads the whole file and returns it. Raises the errors of `read_whole`, also when the version is later."""
    source = read_whole(path, tools)
    if source.revision not in revisions.known():
        raise WrongRevision(
            f"{path} is of revision {source.revision}, which is newer than this version ({revisions.expected()}): "
            "install the version that made it, or a newer one."
        )
    return source


def _read(path: Path, tools: Tools) -> Source:
    with path.open("rb") as file:
        head = file.read(100)
        if head.startswith(ZIP_MAGIC):
            return _read_backup(path)
        if head.startswith(DUMP_MAGIC):
            return Source(path, Kind.CUSTOM, _revision_of_custom(path, tools))
        if plain_dump.HEAD in head:
            if not plain_dump.is_complete(file):
                raise _damaged(path, "its end is missing")
            file.seek(0)
            return Source(path, Kind.PLAIN, _ours(path, plain_dump.revision_of(file)))
    raise _foreign(path)


def _read_backup(path: Path) -> Source:
    try:
        with zipfile.ZipFile(path) as archive:
            if ABOUT not in archive.namelist():
                raise _foreign(path)
            if (wrong := archive.testzip()) is not None:
                raise _damaged(path, f"{wrong} in the file is damaged")
            about = json.loads(archive.read(ABOUT))
            if about["format"] != FORMAT:
                raise WrongRevision(f"{path} was made by a newer version: install that version, or a newer one.")
            archive.getinfo(DUMP)
            key = archive.read(KEY) if KEY in archive.namelist() else None
            return Source(path, Kind.BACKUP, str(about["revision"]), key)
    except (zipfile.BadZipFile, EOFError, KeyError, TypeError, ValueError, NotImplementedError) as error:
        raise _damaged(path, "the end or another part of the file is missing") from error


def _revision_of_custom(path: Path, tools: Tools) -> str:
    dump = str(path.absolute())  # the programs run in another folder, so they need the whole path
    try:
        # Converting the dump reads all of it, so damage is found before a database is changed.
        tools.run("pg_restore", "--file=/dev/null", dump)
        rows = tools.run("pg_restore", "--file=-", "--data-only", "--table=alembic_version", dump)
    except ToolFailed as failed:
        if "unsupported version" in failed.reason:
            raise DatabaseUnavailable(
                f"{path} was made by a pg_dump newer than the pg_restore here ({tools.major}): install a newer one."
            ) from failed
        raise _damaged(path, failed.reason) from failed
    return _ours(path, plain_dump.revision_of(rows.splitlines(keepends=True)))


def _ours(path: Path, revision: str | None) -> str:
    if revision is None:
        raise DatabaseUnavailable(
            f"{path} is a dump without the tables of Pocket Pay: name a backup of `pocketpay backup`, or a dump of "
            "its whole database."
        )
    return revision


@contextmanager
def _opened_dump(path: Path, kind: Kind) -> Iterator[IO[bytes]]:
    if kind is Kind.CUSTOM:
        with path.open("rb") as file:
            yield file
        return
    with zipfile.ZipFile(path) as archive, archive.open(DUMP) as member:
        yield member


def _damaged(path: Path, reason: str) -> DatabaseUnavailable:
    return DatabaseUnavailable(f"{path} is not complete ({reason}): use another copy or another backup.")


def _foreign(path: Path) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"{path} is not a backup of Pocket Pay: name a file of `pocketpay backup`, or of pg_dump in its custom or "
        "plain format."
    )
