"""The audit as a command: each finding as a line when it is found, or as an object of JSON."""

import asyncio
import io
import sys

from pocketpay import settings
from pocketpay.cli import output
from pocketpay.cli.database_address import database_of
from pocketpay.cli.output import Problem, Result
from pocketpay.cli.progress import ProgressBars
from pocketpay.database.findings import Finding
from pocketpay.operations import audit as audits
from pocketpay.operations import recorded_audit
from pocketpay.reconciliation.difference import OpenDifferences

MAX_FINDINGS = 1000
"""Maximum number of findings in JSON. `count` is the number of all findings."""


class _LastLine(io.StringIO):
    """A stream that keeps only the last written line: the summary. Millions of findings may come before it."""

    def write(self, text: str, /) -> int:
        self.seek(0)
        self.truncate()
        return super().write(text)


def audit(*, incremental: bool, standby: bool) -> Result:
    """Audits the database of the settings. Raises the errors of `recorded_audit.run`."""
    with database_of(settings.load()) as database:
        return audit_database(database.server_dsn, database.owner_dsn, incremental=incremental, standby=standby)


def audit_database(server_dsn: str, owner_dsn: str, *, incremental: bool = False, standby: bool = False) -> Result:
    """Audits a database. Raises the errors of `recorded_audit.run`."""
    found: list[dict[str, str]] = []
    count = 0
    open_differences: dict[str, object] = {}

    def add(finding: Finding) -> None:
        nonlocal count
        count += 1
        if count <= MAX_FINDINGS:
            found.append({"law": finding.law, "id": str(finding.id), "problem": finding.problem})

    def show_open(still_open: OpenDifferences) -> None:
        open_differences.update(count=still_open.count, oldest_at=still_open.oldest)

    summary = _LastLine()
    with ProgressBars().stage("audit", len(audits.PROOFS)) as advance:
        code = asyncio.run(
            recorded_audit.run(
                server_dsn,
                owner_dsn,
                incremental=incremental,
                standby=standby,
                out=summary if output.is_json() else sys.stdout,
                err=sys.stderr,
                after_law=lambda: advance(1),
                on_finding=add,
                on_open=show_open,
            )
        )
    message = summary.getvalue().strip()
    facts = {"laws": len(audits.PROOFS), "count": count, "findings": found, "summary": message}
    facts["open_bank_differences"] = open_differences
    return Result(facts, problem=Problem("LEDGER_HAS_ERRORS", message, text="") if code else None)
