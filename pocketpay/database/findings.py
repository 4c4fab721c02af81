"""The proofs of the audit. A proof is a query of the whole database that returns one row for each violation.

A package's `repository/proofs.py` lists its proofs; `operations/audit.py` runs all of them in one snapshot. A proof
about rows that never change can have a second query, for an incremental audit: it reads only the rows added since a
checkpoint. A proof without a second query is cheap, or must read all rows; an incremental audit runs its whole query.

Decision 67 gives the reasons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Proof:
    """`law` is a sentence that must be true. `sql` returns a row (id, error description) for each violation.

    `since` is the incremental query, or None. It begins with GIVEN, takes an `Added`, and reads the state of an
    account at the checkpoint from `audit_accounts`.
    """

    law: str
    sql: str
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """The rows added since a checkpoint, as ids.

    `accounts` are the wallets' accounts with added entries. `transactions` and `requests` were made or changed, or
    belong to a transaction or request that was made or changed. Any other row counts as added when its time is
    `since` or later; `since` is a time before the checkpoint.
    """

    accounts: Sequence[UUID]
    transactions: Sequence[UUID]
    requests: Sequence[UUID]
    since: datetime

    @property
    def parameters(self) -> tuple[object, ...]:
        """The parameters of GIVEN."""
        return self.accounts, self.transactions, self.requests, self.since


GIVEN = """
given as materialized (
    select $1::uuid[] as accounts, $2::uuid[] as transactions, $3::uuid[] as requests, $4::timestamptz as since)"""
"""The first part of the WITH clause of every incremental query."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation of a law: the id of the row as the database shows it, and a description of the error."""

    law: str
    id: str
    problem: str


def in_force(law: str, *, constraints: tuple[str, ...], unique_indexes: tuple[str, ...] = ()) -> Proof:
    """Returns the proof that each constraint exists, is validated and enforced, has its triggers enabled, and that
    each unique index exists and is valid."""
    return Proof(
        law,
        f"""
    select wanted.name, case when c.oid is null then 'the constraint is gone'
        when c.convalidated and c.conenforced then 'the triggers of the foreign key are disabled'
        else 'the constraint is not validated or not enforced' end
    from unnest(array[{_quoted(constraints)}]) wanted(name)
    left join pg_constraint c on c.conname = wanted.name and c.connamespace = 'public'::regnamespace
    where c.oid is null or not (c.convalidated and c.conenforced)
       or exists (select from pg_trigger t where t.tgconstraint = c.oid and t.tgenabled <> 'O')
    union all
    select wanted.name, 'the unique index is gone'
    from unnest(array[{_quoted(unique_indexes)}]::text[]) wanted(name)
    where not exists (
        select from pg_index i
        where i.indexrelid = to_regclass('public.' || wanted.name) and i.indisunique and i.indisvalid)
    """,
    )


def guarded(law: str, *guards: tuple[str, ...]) -> Proof:
    """Returns the proof that each trigger is ENABLE ALWAYS and has the definition and function of our migrations.

    A guard is a table, a trigger name, and the MD5 of the function's body and the trigger's definition. When a
    migration changes the trigger, the MD5 must be changed here too. An optional fourth text is the MD5 after pg_dump
    and pg_restore, because PostgreSQL then prints the definition with fewer parentheses.
    """
    wanted = ", ".join(f"('{table}', '{name}', array[{_quoted(made)}])" for table, name, *made in guards)
    return Proof(
        law,
        f"""
    select guard, case when t.tgenabled is null then 'the trigger is gone'
        when t.tgenabled <> 'A' then 'the trigger is not ENABLE ALWAYS'
        else 'the trigger or its function is not the one we made' end
    from (values {wanted}) wanted(tbl, guard, made)
    left join pg_trigger t on t.tgname = wanted.guard and t.tgrelid = wanted.tbl::regclass
    left join pg_proc p on p.oid = t.tgfoid
    where t.tgenabled is distinct from 'A' or md5(p.prosrc || pg_get_triggerdef(t.oid)) <> all (wanted.made)
    """,
    )


def only_owner_may_change(law: str, *tables: str, insert: bool = False) -> Proof:
    """Returns the proof that only the owner of the tables has privileges to change their rows or triggers.

    With `insert` it also proves that nobody else has the privilege to insert rows.
    """
    privileges = ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER", *(("INSERT",) if insert else ()))
    these = f"any(array[{_quoted(tables)}]::regclass[])"
    return Proof(
        law,
        f"""
    select case grantee when 0 then 'public' else pg_get_userbyid(grantee) end, 'may ' || privilege_type || ' '
        || granted.name
    from (
        select oid::regclass::text as name, relowner, (aclexplode(relacl)).* from pg_class where oid = {these}
        union all
        select attrelid::regclass::text, relowner, (aclexplode(attacl)).*
        from pg_attribute join pg_class c on c.oid = attrelid where attrelid = {these}) granted
    where grantee <> relowner and privilege_type in ({_quoted(privileges)})
    union all
    select 'pocketpay_server', 'may become the owner of ' || oid::regclass
    from pg_class where oid = {these} and pg_has_role('pocketpay_server', relowner, 'member')
    """,
    )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
