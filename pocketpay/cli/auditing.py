"""The audit as a command: each finding as a line when it is found, or as an object of JSON."""

import sys

from pocketpay.cli import output
from pocketpay.cli.output import Problem, Result
from pocketpay.operations import audit as audits

MAX_FINDINGS = 1000
"""Maximum number of findings in JSON. The first ones say what is wrong; `count` has all."""


async def audit(dsn: str) -> Result | None:
    """Audits the database. Raises the errors of the audit's snapshot."""
    if not output.is_json():
        code = await audits.report(dsn, sys.stdout)
        return Result(None, problem=None if code == 0 else Problem("LEDGER_HAS_ERRORS", "", text=""))
    found, count = [], 0
    async for finding in audits.findings(dsn):
        count += 1
        if count <= MAX_FINDINGS:
            found.append({"law": finding.law, "id": str(finding.id), "problem": finding.problem})
    facts = {"laws": len(audits.PROOFS), "count": count, "findings": found}
    problem = Problem("LEDGER_HAS_ERRORS", f"The ledger has errors: {count} finding{'s' if count > 1 else ''}.")
    return Result(facts, problem=problem if count else None)
