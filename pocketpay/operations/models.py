"""The tables of the audit's record. Only the owner of the tables writes them: `pocketpay audit` with its login.

    audit_runs    the result of each recorded audit, for ever: one row a day
    audit_laws    for each law with an incremental query, the run at which it was proved last: the checkpoint
    audit_accounts (ledger/models.py) is the part of the checkpoint that has a row for each account

The last result is the newest row of audit_runs by `finished_at` (ix_audit_runs_finished_at):

    select ok, findings, kind, finished_at, finished_at - began_at as duration from audit_runs
    order by finished_at desc limit 1

`ok` is false when there were findings. An audit that did not end leaves no row: check that `finished_at` is recent.
`kind` is 'whole' or 'incremental'; `whole_at` is when the last whole audit began, which an incremental one continues.

Decision 67 gives the reasons.
"""

from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from pocketpay.database.models import UUID, SQLModel, count, datetime, key, moment

KINDS = ("whole", "incremental")


class AuditRunRow(SQLModel, table=True):
    """One recorded audit. `sample` has its first findings: law, id and problem of each."""

    __tablename__ = "audit_runs"
    __table_args__ = (
        CheckConstraint(f"kind in {KINDS}", name="kind_known"),
        CheckConstraint("began_at <= finished_at and whole_at <= began_at", name="times_in_order"),
        CheckConstraint("ok = (findings = 0) and findings >= 0", name="ok_without_findings"),
        CheckConstraint("kind <> 'whole' or whole_at = began_at", name="whole_rests_on_itself"),
        Index("ix_audit_runs_finished_at", "finished_at"),
    )

    id: UUID = key()
    kind: str
    ok: bool
    findings: int = count()
    sample: list[Any] = Field(sa_column=Column(JSONB, nullable=False))
    laws: int
    began_at: datetime = moment()
    finished_at: datetime = moment()
    whole_at: datetime = moment()
    revision: str
    login: str


class AuditLawRow(SQLModel, table=True):
    """The checkpoint of one law. `definition` is the SHA-256 of its queries: another version of the server may have
    other queries for the same law."""

    __tablename__ = "audit_laws"
    __table_args__ = (ForeignKeyConstraint(["run_id"], ["audit_runs.id"], name="fk_audit_laws_run_id_audit_runs"),)

    law: str = Field(primary_key=True)
    definition: str
    run_id: UUID
