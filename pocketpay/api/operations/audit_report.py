"""Are the books right? Asked of a running server."""

import strawberry

from pocketpay.api.context import Info
from pocketpay.operations.audits import MOST_TOLD


@strawberry.type(description="One thing that breaks a law of the books.")
class AuditFinding:
    law: str = strawberry.field(description="What must hold, in a sentence.")
    id: str = strawberry.field(description="What breaks it, by its id as the database has it.")
    problem: str = strawberry.field(description="What is wrong with it.")


@strawberry.type(description="What an audit found, of one moment of the whole database.")
class AuditReport:
    right: bool = strawberry.field(description="Whether every law holds.")
    laws: int = strawberry.field(description="How many laws were proved.")
    findings: list[AuditFinding] = strawberry.field(
        description=f"What breaks one, the first {MOST_TOLD}; empty when the books are right."
    )
    more: bool = strawberry.field(description="Whether there is more than these: `pocketpay audit` names it all.")
    seconds: float = strawberry.field(description="How long it took, in seconds.")


async def audit(info: Info) -> AuditReport | None:
    """Proves the books now."""
    info.context.must_operate()
    audited = await info.context.rooms.office.audits.run()
    return AuditReport(
        right=not audited.findings,
        laws=audited.laws,
        findings=[AuditFinding(law=one.law, id=one.id, problem=one.problem) for one in audited.findings],
        more=audited.more,
        seconds=audited.seconds,
    )
