"""A plain dump of pg_dump: SQL text.

Before a dump is executed, a check finds out whether it is complete, and its revision. Owners and grants are left out,
because their roles may not exist.
"""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

HEAD = b"-- PostgreSQL database dump"
END = b"-- PostgreSQL database dump complete"
END_BYTES = 4_000
"""The end of the dump is searched in this many last bytes: a few comments and commands of psql can follow it."""

COPY = re.compile(rb"COPY .* FROM stdin;\s*")
COPY_END = b"\\."
OWNER = re.compile(rb"ALTER [A-Z ]+ .* OWNER TO .*;\s*")
ENTRY = re.compile(rb"-- (?:Data for )?Name: .*; Type: ([A-Z ]+); Schema: ")
GRANTS = (b"ACL", b"DEFAULT ACL")
REVISION_COPY = re.compile(rb"COPY public\.alembic_version \(version_num\) FROM stdin;\s*")
REVISION_INSERT = re.compile(rb"INSERT INTO public\.alembic_version (?:\(version_num\) )?VALUES \('([^']+)'\);\s*")


def is_complete(file: BinaryIO) -> bool:
    """Whether the dump is complete: it contains the last comment of pg_dump."""
    size = file.seek(0, 2)
    file.seek(max(0, size - END_BYTES))
    return END in file.read()


def revision_of(lines: Iterable[bytes]) -> str | None:
    """Returns the revision of the tables in the dump, or None when it has no tables of ours."""
    copying = False
    for line in lines:
        if copying and line.strip() != COPY_END:
            return line.strip().decode("ascii", "replace")
        if inserted := REVISION_INSERT.fullmatch(line):
            return inserted[1].decode("ascii", "replace")
        copying = REVISION_COPY.fullmatch(line) is not None
    return None


def without_owners_and_grants(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yields the lines of the dump without those statements. Rows of tables are never changed."""
    copying = granting = False
    for line in lines:
        if copying:
            copying = line.rstrip(b"\r\n") != COPY_END
        elif entry := ENTRY.match(line):
            granting = entry[1] in GRANTS
        elif COPY.fullmatch(line):
            copying = True
        elif line.startswith(END):
            granting = False
        elif granting or OWNER.fullmatch(line):
            continue
        yield line
