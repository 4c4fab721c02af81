"""The resolver of `operations.audit`: audits the books while the server runs."""

import strawberry

from pocketpay.api.context import Info
from pocketpay.operations.audits import MAX_FINDINGS


@strawberry.type(description="One row that breaks a rule of the ledger.")
class AuditFinding:
    law: str = strawberry.field(description="The rule, in one sentence.")
    id: str = strawberry.field(description="The id of the row, as stored in the database.")
    problem: str = strawberry.field(description="What is wrong with the row.")


@strawberry.type(description="The result of an audit of the whole database at one moment.")
class AuditReport:
    right: bool = strawberry.field(description="Whether every rule holds.")
    laws: int = strawberry.field(description="Number of rules that were checked.")
    findings: list[AuditFinding] = strawberry.field(
        description=f"The rows that break a rule, at most {MAX_FINDINGS}; empty when the ledger is correct."
    )
    more: bool = strawberry.field(
        description="Whether there are more findings than these. `pocketpay audit` prints all of them."
    )
    seconds: float = strawberry.field(description="Duration of the audit in seconds.")


async def audit(info: Info) -> AuditReport | None:
    """Runs an audit now and returns its report. Raises ServiceBusy when one is running or it takes too long."""
    info.context.require_operator()
    audited = await info.context.services.operators.audits.run()
    return AuditReport(
        right=not audited.findings,
        laws=audited.laws,
        findings=[AuditFinding(law=one.law, id=one.id, problem=one.problem) for one in audited.findings],
        more=audited.more,
        seconds=audited.seconds,
    )
