"""An export: one file, several files or a folder of files, with their formats and rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pocketpay.importing import csv_file, dump
from pocketpay.importing.row import ExportUnreadable, Row, UnreadableRow

MAX_FILES = 16
"""Enough for four tables with a few files each. More files are probably the wrong folder."""

_OTHERS = (
    (b"PGDMP", "is a dump in pg_dump's own format: make it plain with `pg_restore --file=dump.sql {}`"),
    (b"\x1f\x8b", "is compressed: unpack it with `gunzip {}`"),
    (b"PK\x03\x04", "is a ZIP archive or a spreadsheet: unpack it, or export CSV"),
    (b"\xff\xfe", "is UTF-16: save it as UTF-8"),
    (b"\xfe\xff", "is UTF-16: save it as UTF-8"),
    (b"SQLite format 3", "is an SQLite database: export CSV"),
)
_DUMP_SIGNS = (b"--", b"set ", b"copy ", b"\\", b"begin", b"select ", b"/*")


@dataclass(frozen=True, slots=True)
class Part:
    """One file of an export. `name` is its name in the report."""

    path: Path
    name: str
    size: int
    is_dump: bool

    def rows(self, advance: Callable[[int], None]) -> Iterator[Row | UnreadableRow]:
        """Yields its rows, and calls `advance` with the number of bytes read. Raises ExportUnreadable."""
        try:
            with self.path.open("rb") as file:
                yield from (dump if self.is_dump else csv_file).rows(file, self.name, advance)
        except OSError as error:
            raise ExportUnreadable(f"{self.name} cannot be read ({error.strerror}).") from error


def parts(paths: Sequence[Path]) -> list[Part]:
    """Returns the given files, and every .csv and .sql file of a given folder. Raises ExportUnreadable."""
    found: list[Path] = []
    for path in paths:
        inside = sorted([*path.glob("*.csv"), *path.glob("*.sql")]) if path.is_dir() else [path]
        if not inside:
            raise ExportUnreadable(f"{path} has no .csv or .sql file.")
        found += inside
    if len(found) > MAX_FILES:
        raise ExportUnreadable(
            f"{len(found)} files are more than the limit of {MAX_FILES}. Give only the files of the export."
        )
    names = [path.name for path in found]
    return [_part(path, path.name if names.count(path.name) == 1 else str(path)) for path in found]


def _part(path: Path, name: str) -> Part:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4_096)
    except OSError as error:
        raise ExportUnreadable(f"{name} cannot be read ({error.strerror}).") from error
    for sign, problem in _OTHERS:
        if head.startswith(sign):
            raise ExportUnreadable(f"{name} {problem.format(name)}.")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return Part(path, name, size, is_dump=start.startswith(_DUMP_SIGNS))
