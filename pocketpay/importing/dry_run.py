"""The dry run: loads an export into temporary tables, joins and checks it. It changes nothing.

read      every file, line by line, into temporary tables
join      users with their profiles, wallets and entries; people who were imported before are left out
check     every field of each person, by the same rules as at sign-up
compare   people with each other and with existing users

Only 2,000 rows at a time are in memory; everything else is in PostgreSQL.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from pocketpay.database.sessions import Connection, Record
from pocketpay.identity.passwords import our_kind
from pocketpay.importing.export import Part
from pocketpay.importing.finding import Finding
from pocketpay.importing.joined import Joined
from pocketpay.importing.part_rows import staged
from pocketpay.importing.person import FIRST_PASSWORD, NO_EMAIL, NOT_CONFIRMED, CheckedPerson, check_person
from pocketpay.importing.repository import comparison, corrections, staging

ROWS_AT_ONCE = 2_000
"""At most some megabytes, and enough rows to make the cost of a round trip small."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that people are checked by: the currencies of this server, the country of local phone numbers, and
    whether a suggested username replaces an invalid one."""

    currencies: Sequence[str]
    country: str | None = None
    take_suggested: bool = False


class Progress(Protocol):
    """Shows the progress of a run, for example as a bar on a terminal."""

    def stage(self, name: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Begins a stage of `total` units. The block gets a function to call with the number of units just done."""


async def dry_run(connection: Connection, parts: Sequence[Part], rules: Rules, progress: Progress) -> None:
    """Fills the connection's temporary tables with the people who can be imported and with all findings.

    Raises ExportUnreadable when a whole file cannot be read.
    """
    with progress.stage("reading", sum(part.size for part in parts)) as advance:
        for number, part in enumerate(parts):
            await _read(connection, number, part, advance)
    to_check = await staging.join(connection)
    with progress.stage("judging", to_check) as advance:
        await _check_all(connection, rules, advance)
    await comparison.compare(connection)
    endings = (FIRST_PASSWORD, NOT_CONFIRMED, NO_EMAIL)
    await corrections.remove_extra_kinds(connection, our_kind=our_kind(), endings=endings)
    if rules.take_suggested:
        await corrections.take_suggested(connection)


async def _read(connection: Connection, number: int, part: Part, advance: Callable[[int], None]) -> None:
    waiting: dict[str, list[tuple[object, ...]]] = {}
    for row in part.rows(advance):
        record = staged(number, part.name, row)
        table = "findings" if isinstance(record, Finding) else staging.TABLES[row.table]
        rows = waiting.setdefault(table, [])
        rows.append(_finding(record) if isinstance(record, Finding) else record)
        if len(rows) >= ROWS_AT_ONCE:
            await staging.put(connection, table, rows)
            rows.clear()
    for table, rows in waiting.items():
        await staging.put(connection, table, rows)


async def _check_all(connection: Connection, rules: Rules, advance: Callable[[int], None]) -> None:
    now, last = await staging.clock(connection), 0
    while page := await staging.page(connection, last, ROWS_AT_ONCE):
        checked = [
            (joined, check_person(joined, rules.currencies, now, country=rules.country)) for joined in _joined(page)
        ]
        await staging.put(connection, "candidates", [_candidate(*pair) for pair in checked])
        await staging.put(connection, "importable", [_importable(*pair) for pair in checked])
        found = [_finding(finding) for _, one in checked for finding in one.findings]
        await staging.put(connection, "findings", found)
        last = page[-1]["n"]
        advance(len(page))


def _joined(page: Sequence[Record]) -> Iterator[Joined]:
    return (Joined(**dict(row)) for row in page)


def _candidate(joined: Joined, checked: CheckedPerson) -> tuple[object, ...]:
    verified = checked.email_verified_at is not None
    return joined.n, joined.part, joined.line, joined.id, checked.username, checked.email, checked.phone, verified


def _importable(joined: Joined, checked: CheckedPerson) -> tuple[object, ...]:
    return (
        joined.n,
        joined.id,
        checked.username,
        checked.name,
        checked.email,
        checked.phone,
        checked.avatar_url,
        checked.password_hash,
        checked.currency,
        checked.opening,
        checked.created_at,
        checked.email_verified_at,
    )


def _finding(finding: Finding) -> tuple[object, ...]:
    return (
        finding.part,
        finding.line,
        finding.severity.value,
        finding.field,
        finding.problem,
        finding.n,
        finding.shown,
        list(finding.suggestions),
        None,
    )
