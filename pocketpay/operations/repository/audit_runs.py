"""The results of recorded audits. The owner of the tables writes them; servers read the last one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import orjson

from pocketpay.database import uuids
from pocketpay.database.findings import Finding
from pocketpay.database.sessions import Session

_ADD = """
insert into audit_runs (id, kind, ok, findings, sample, laws, began_at, finished_at, whole_at, revision, login)
values ($1, $2, $3 = 0, $3, $4::jsonb, $5, $6, greatest(clock_timestamp(), $6), $7,
    (select version_num from alembic_version), session_user)
"""
_LAST = """
select kind, ok, findings, sample, laws, began_at, finished_at, whole_at, login,
    extract(epoch from finished_at - began_at)::float8 as seconds
from audit_runs order by finished_at desc limit 1
"""


class AuditKind(StrEnum):
    """What an audit reads: all rows, or the rows added since the last audit."""

    WHOLE = "whole"
    INCREMENTAL = "incremental"


@dataclass(frozen=True, slots=True)
class AuditRun:
    """A recorded audit. `findings` is the number of all findings, `sample` has the first ones."""

    kind: AuditKind
    ok: bool
    findings: int
    sample: tuple[Finding, ...]
    laws: int
    began_at: datetime
    finished_at: datetime
    whole_at: datetime
    login: str
    seconds: float


async def add(
    owner: Session,
    kind: AuditKind,
    *,
    findings: int,
    sample: Sequence[Finding],
    laws: int,
    began_at: datetime,
    whole_at: datetime,
) -> UUID:
    """Adds the run of an audit that has just ended, and returns its id."""
    id = uuids.uuid7()
    rows = orjson.dumps([[one.law, one.id, one.problem] for one in sample]).decode()
    await owner.execute(_ADD, id, kind, findings, rows, laws, began_at, whole_at)
    return id


async def last(session: Session) -> AuditRun | None:
    """Returns the recorded audit that ended last, or None when there is none."""
    row = await session.fetchrow(_LAST)
    if row is None:
        return None
    sample = tuple(Finding(*one) for one in orjson.loads(row["sample"]))
    return AuditRun(**{**row, "kind": AuditKind(row["kind"]), "sample": sample})


async def size_of_entries(session: Session) -> int:
    """Returns the size of the entries on the disk in bytes."""
    size: int = await session.fetchval("select pg_relation_size('ledger_entries')")
    return size
