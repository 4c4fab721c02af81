"""The import from Supabase as a command: its report line by line, or as one object of JSON."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from pocketpay import settings
from pocketpay.cli import output, preparing
from pocketpay.cli.database_address import database_of
from pocketpay.cli.output import Problem, Result
from pocketpay.cli.progress import ProgressBars
from pocketpay.importing import run as imports

MAX_LINES = 1000
"""Maximum number of lines of the report in JSON. `lines` counts all."""


def run(files: Sequence[Path], options: imports.ImportOptions) -> Result:
    """Runs the import. Raises the errors of `importing.run` and of `prepare`."""
    report: list[str] = []
    count = 0

    def write_line(line: str) -> None:
        nonlocal count
        count += 1
        if not output.is_json():
            output.write_line(line)
        elif count <= MAX_LINES:
            report.append(line)

    chosen = settings.load()
    with database_of(chosen) as database:
        preparing.prepare(chosen, database)
        dsn, bars = database.server_dsn, ProgressBars()
        totals = imports.Totals()
        code = asyncio.run(
            imports.run(chosen, dsn, files, options, write_line=write_line, progress=bars, totals=totals)
        )
    facts = {"dry_run": options.dry, **totals.facts(), "lines": count, "report": report}
    problem = Problem("IMPORT_INCOMPLETE", "Some people were not imported: see the report.", text="")
    return Result(facts, problem=problem if code else None)
