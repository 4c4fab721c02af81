"""Makes exports like those of Supabase, and runs the import on them."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import bcrypt

from pocketpay.importing.run import ImportOptions, run
from tests.conftest import Dsns
from tests.people import PASSWORD, made

HASH = bcrypt.hashpw(PASSWORD.encode(), b"$2b$04$abcdefghijklmnopqrstuu").decode()
"""A hash of PASSWORD with the smallest number of rounds, so that the tests are fast."""

COLUMNS = (
    *("id", "email", "phone", "encrypted_password", "username", "name", "avatar_url", "currency", "balance"),
    *(
        "balance_cents",
        "created_at",
        "raw_user_meta_data",
        "deleted_at",
        "banned_until",
        "is_anonymous",
        "email_confirmed_at",
    ),
)
JOINED_AT = "2023-04-05 06:07:08.91+00"


class Silent:
    """A progress display that shows nothing."""

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        yield lambda _: None


def id_of(number: int) -> str:
    return str(UUID(int=0x3F1C8A526B0E4C559A7E000000000000 + number))


def person(number: int = 1, **fields: str) -> dict[str, str]:
    """One row of auth.users joined with public.profiles; `fields` replace the default values."""
    return {
        "id": id_of(number),
        "email": f"person{number}@example.com",
        "encrypted_password": HASH,
        "username": f"person_{number}",
        "name": f"Person {number}",
        "currency": "USD",
        "balance": f"{number}.50",
        "created_at": JOINED_AT,
        "email_confirmed_at": JOINED_AT,
    } | fields


def csv_text(people: Iterable[Mapping[str, str]], columns: Iterable[str] = COLUMNS) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(people)
    return written.getvalue()


def csv_file(folder: Path, *people: Mapping[str, str], name: str = "people.csv") -> Path:
    path = folder / name
    path.write_text(csv_text(people), encoding="utf-8")
    return path


def copied(value: str | None) -> str:
    """Returns a value in the text format of COPY."""
    if value is None:
        return "\\N"
    escapes = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
    return "".join(escapes.get(char, char) for char in value)


def block(table: str, columns: Iterable[str], rows: Iterable[Iterable[str | None]]) -> str:
    """Returns the data of one table as in a plain dump."""
    lines = ["\t".join(copied(value) for value in row) for row in rows]
    return "\n".join([f"COPY {table} ({', '.join(columns)}) FROM stdin;", *lines, "\\.", "", ""])


async def imported(
    dsns: Dsns,
    *paths: Path,
    dry: bool = False,
    skip_wrong: bool = False,
    take_suggested: bool = False,
    country: str | None = None,
    mails_per_hour: int | None = None,
    **overrides: object,
) -> tuple[int, list[str]]:
    """Runs the import. Returns the exit code and the report."""
    told: list[str] = []
    options = ImportOptions(dry, skip_wrong, take_suggested, country, mails_per_hour)
    code = await run(made(**overrides), dsns.server, paths, options, write_line=told.append, progress=Silent())
    return code, told
