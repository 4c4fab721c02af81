"""The resolver of `operations.audit`: audits small books while the server runs, and reports the last audit of large
books."""

from datetime import datetime
from enum import Enum

import strawberry

from pocketpay.api.context import Info
from pocketpay.operations.audits import MAX_FINDINGS
from pocketpay.reconciliation import listing


@strawberry.enum(description="The kind of an audit: which rows it checked, and how it was started.")
class AuditKind(Enum):
    LIVE = strawberry.enum_value("live", description="All rows. The audit ran for this request.")
    WHOLE = strawberry.enum_value("whole", description="All rows. `pocketpay audit` ran the audit.")
    INCREMENTAL = strawberry.enum_value(
        "incremental",
        description="Rows added since the previous audit. `pocketpay audit --incremental` ran the audit.",
    )


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
    kind: AuditKind = strawberry.field(description="The kind of the audit.")
    finished_at: datetime = strawberry.field(description="When the audit ended.")
    whole_at: datetime = strawberry.field(
        description="When the last audit of all rows began: this audit, or the one that this audit continues."
    )
    login: str | None = strawberry.field(
        description="The database login that ran the audit; null when the audit ran for this request."
    )
    open_bank_differences: int = strawberry.field(
        description="Number of open differences between bank files and the books. They do not break a rule."
    )
    oldest_bank_difference_at: datetime | None = strawberry.field(
        description="When the oldest open difference was found; null when none is open."
    )


async def audit(info: Info) -> AuditReport | None:
    """Returns the report of an audit. Raises ServiceBusy when one is running or it takes too long."""
    info.context.require_operator()
    services = info.context.services
    audited = await services.operators.audits.report(services.database)
    still_open = await info.context.database.query(listing.still_open)
    return AuditReport(
        right=not audited.findings,
        laws=audited.laws,
        findings=[AuditFinding(law=one.law, id=one.id, problem=one.problem) for one in audited.findings],
        more=audited.more,
        seconds=audited.seconds,
        kind=AuditKind.LIVE if audited.recorded is None else AuditKind(audited.recorded.value),
        finished_at=audited.finished_at,
        whole_at=audited.whole_at,
        login=audited.login,
        open_bank_differences=still_open.count,
        oldest_bank_difference_at=still_open.oldest,
    )
