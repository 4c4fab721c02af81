"""One run of the import, from reading the files to the end of the report.

dry run     makes the report and changes nothing
real run    posts the opening balances that an earlier run left, makes the dry run and its report, and then, unless
            there are errors, imports everybody
"""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.failures import ServiceBusy, lost_connection
from pocketpay.database.sessions import Connection, Database
from pocketpay.importing import report, write_people
from pocketpay.importing.dry_run import Progress, Rules, dry_run
from pocketpay.importing.export import Part, parts
from pocketpay.importing.repository import staging, verdicts, welcomes
from pocketpay.importing.repository.verdicts import Counts
from pocketpay.importing.welcome import require_mail, welcome
from pocketpay.importing.write_people import ImportResult
from pocketpay.mail.outbox import Outbox
from pocketpay.payments.desk import Desk
from pocketpay.settings import Settings


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of a run.

    `dry` changes nothing. `skip_wrong` leaves out people with errors. `take_suggested` replaces invalid usernames
    with suggested ones. `country` is the country of local phone numbers. `mails_per_hour` is the rate of welcome
    mails; None means that no mail is sent.
    """

    dry: bool = False
    skip_wrong: bool = False
    take_suggested: bool = False
    country: str | None = None
    mails_per_hour: int | None = None

    def rules(self, settings: Settings) -> Rules:
        """Returns the rules that people are checked by."""
        return Rules(settings.served_currencies, self.country, self.take_suggested)


@dataclass(slots=True)
class Totals:
    """The numbers of a run, for programs. A number is None when the run ended before that step."""

    counts: Counts | None = None
    ready: int | None = None
    result: ImportResult | None = None

    def facts(self) -> dict[str, int | None]:
        """Returns the numbers of the run, by name."""
        counts, result = self.counts, self.result
        return {
            "people_read": None if counts is None else counts.read,
            "people_ready": self.ready,
            "people_already_imported": None if counts is None else counts.here,
            "lines_with_errors": None if counts is None else counts.wrong,
            "notes": None if counts is None else counts.notes,
            "people_imported": None if result is None else result.people,
            "opening_balances_posted": None if result is None else result.openings,
            "people_left_out": None if result is None else len(result.left_out),
        }


async def run(
    settings: Settings,
    server_dsn: str,
    paths: Sequence[Path],
    options: ImportOptions,
    *,
    write_line: Callable[[str], None],
    progress: Progress,
    totals: Totals | None = None,
) -> int:
    """Runs the import, calls `write_line` with each line of the report, fills `totals`, and returns the exit code.

    The exit code is 0, or 1 when there are errors that were not skipped. Raises ExportUnreadable, SettingsError,
    StagingRefused, and DatabaseUnavailable when the connection to the database is lost: run it again then.
    """
    if options.mails_per_hour is not None:
        require_mail(settings)
    files, totals = parts(paths), totals or Totals()
    try:
        async with AsyncExitStack() as open_:
            connection = await staging.open_connection(server_dsn)
            open_.callback(connection.terminate)
            if options.dry:
                return await _dry(settings, connection, files, options, write_line, progress, totals)
            return await _real(settings, server_dsn, connection, files, options, open_, write_line, progress, totals)
    except Exception as error:
        if isinstance(error, ServiceBusy) or lost_connection(error):
            raise DatabaseUnavailable(
                "The connection to the database was lost during the import. Run it again: it continues where it "
                "stopped."
            ) from error
        raise


async def _dry(
    settings: Settings,
    connection: Connection,
    files: Sequence[Part],
    options: ImportOptions,
    write_line: Callable[[str], None],
    progress: Progress,
    totals: Totals,
) -> int:
    owed = await write_people.owed_count(connection)
    counts, ready = await _reported(connection, files, options.rules(settings), owed, write_line, progress)
    totals.counts, totals.ready = counts, ready
    if options.mails_per_hour is not None:
        write_line(report.to_welcome(counts.first_passwords + await welcomes.count(connection)))
    write_line("Nothing was changed: this was a dry run.")
    return 1 if counts.wrong else 0


async def _real(
    settings: Settings,
    server_dsn: str,
    connection: Connection,
    files: Sequence[Part],
    options: ImportOptions,
    open_: AsyncExitStack,
    write_line: Callable[[str], None],
    progress: Progress,
    totals: Totals,
) -> int:
    database = await Database.open(server_dsn, readers=1, writers=1)
    open_.push_async_callback(database.close)
    desk = await Desk.open(database, settings, lanes=1)
    open_.push_async_callback(desk.close)
    totals.result = result = ImportResult()
    await write_people.settle_owed(connection, desk, result)
    counts, ready = await _reported(connection, files, options.rules(settings), 0, write_line, progress)
    totals.counts, totals.ready = counts, ready
    if counts.wrong and not options.skip_wrong:
        _write_lines(report.import_result(result) if result.openings else [], write_line)
        write_line("Nobody was imported. Fix these lines, or skip them with --skip-wrong.")
        return 1
    with progress.stage("importing", ready) as advance:
        await write_people.write_people(connection, database, desk, result, advance)
    _write_lines(report.import_result(result), write_line)
    if options.mails_per_hour is not None:
        outbox = Outbox(is_on=settings.mail_is_on)
        write_line(report.welcomed(await welcome(connection, database, outbox, per_hour=options.mails_per_hour)))
    return 1 if result.left_out else 0


async def _reported(
    connection: Connection,
    files: Sequence[Part],
    rules: Rules,
    owed: int,
    write_line: Callable[[str], None],
    progress: Progress,
) -> tuple[Counts, int]:
    """Makes the dry run, reports all of it, and returns its counts and how many people can be imported."""
    await dry_run(connection, files, rules, progress)
    async for line in report.findings(connection, [file.name for file in files]):
        write_line(line)
    counts, sums = await verdicts.counts(connection), await verdicts.sums(connection)
    _write_lines(report.summary(counts, sums, owed), write_line)
    return counts, sum(one.people for one in sums)


def _write_lines(lines: Sequence[str], write_line: Callable[[str], None]) -> None:
    for line in lines:
        write_line(line)
