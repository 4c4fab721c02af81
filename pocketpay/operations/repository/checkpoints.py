"""The checkpoint of the incremental audit: the run that proved it, and the state of each wallet's account then.

The owner of the tables writes it, in the snapshot that was audited. An audit does not trust it: it
refuses a checkpoint that does not agree with the books.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pocketpay.database.sessions import Session

_RUN = """
select r.id, r.ok, r.began_at, r.whole_at, r.revision, (select version_num from alembic_version) as here,
    r.began_at > clock_timestamp() as ahead, (select count(*) from audit_laws where run_id <> r.id) as other_runs
from audit_runs r where r.id = (select run_id from audit_laws limit 1)
"""
_DISAGREES = """
select c.account_id::text as id, case
    when a.id is null then 'does not exist'
    when a.sequence < c.sequence then 'has fewer entries'
    else 'has different entries' end as how
from audit_accounts c
left join ledger_accounts a on a.id = c.account_id and a.kind = 'wallet'
left join lateral (
    select balance_after from ledger_entries e
    where e.account_id = c.account_id and e.sequence = c.sequence offset 0) e on true
where a.id is null or a.sequence < c.sequence
   or case when c.sequence = 0 then c.posted <> 0 else e.balance_after is distinct from c.posted end
limit 1
"""
"""It costs one index look-up for each account."""

_TAKE_TURN = "select pg_try_advisory_lock(7064738212002)"
"""An arbitrary number, used for nothing else. PostgreSQL releases it when the connection ends."""

_DELETE_LAWS = "delete from audit_laws"
_ADD_LAWS = "insert into audit_laws (law, definition, run_id) select *, $3 from unnest($1::text[], $2::text[])"
_WRITE_ACCOUNTS = """
insert into audit_accounts as c (account_id, sequence, posted, blocks_until)
select a.id, a.sequence, a.posted, (
    select until from search_blocks b where b.wallet_id = a.id order by since desc limit 1)
from ledger_accounts a where a.kind = 'wallet'
on conflict (account_id) do update
set sequence = excluded.sequence, posted = excluded.posted, blocks_until = excluded.blocks_until
where (c.sequence, c.posted, c.blocks_until) is distinct from
    (excluded.sequence, excluded.posted, excluded.blocks_until)
"""
_DELETE_OTHERS = """
delete from audit_accounts c where not exists (
    select from ledger_accounts a where a.id = c.account_id and a.kind = 'wallet')
"""


class StoredRun(NamedTuple):
    """The run of the checkpoint. `here` is the revision of the tables now, `revision` that of the run."""

    id: UUID
    ok: bool
    began_at: datetime
    whole_at: datetime
    revision: str
    here: str
    ahead: bool
    other_runs: int


async def run_of_checkpoint(session: Session) -> StoredRun | None:
    """Returns the run of the checkpoint, or None when there is no checkpoint."""
    row = await session.fetchrow(_RUN)
    return None if row is None else StoredRun(*row)


async def definitions(session: Session) -> dict[str, str]:
    """Returns the definitions of the laws of the checkpoint, by law."""
    rows = await session.fetch("select law, definition from audit_laws")
    return {row["law"]: row["definition"] for row in rows}


async def disagreement(session: Session) -> str | None:
    """Returns how an account of the checkpoint differs from the books, or None when all agree."""
    row = await session.fetchrow(_DISAGREES)
    return None if row is None else f"account {row['id']} {row['how']}"


async def may_write(owner: Session) -> bool:
    """Returns whether this login may write the record. False before the migration that creates its tables."""
    may: bool | None = await owner.fetchval("select has_table_privilege(to_regclass('public.audit_runs'), 'insert')")
    return bool(may)


async def take_turn(owner: Session) -> bool:
    """Takes the turn to record an audit, until the connection ends. Returns False when another connection has it."""
    taken: bool = await owner.fetchval(_TAKE_TURN)
    return taken


async def write(owner: Session, run_id: UUID, laws: Mapping[str, str]) -> None:
    """Writes the checkpoint of the run, from the snapshot of the owner's transaction. `laws` has the definition of
    each law."""
    await owner.execute(_DELETE_LAWS)
    await owner.execute(_ADD_LAWS, list(laws), list(laws.values()), run_id)
    await owner.execute(_WRITE_ACCOUNTS)
    await owner.execute(_DELETE_OTHERS)
