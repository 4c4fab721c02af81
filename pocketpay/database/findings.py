"""How a proof is put: a question to the whole database whose every answer is something wrong.

A package's `repository/proofs.py` lists its own; `operations/audit.py` asks them all in one snapshot.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """`law` is what must hold, in a sentence. `sql` gives a row (id, what is wrong) for each thing that breaks it."""

    law: str
    sql: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that breaks a law: its id as the database has it, and what is wrong."""

    law: str
    id: str
    problem: str


def in_force(law: str, *, constraints: tuple[str, ...], unique_indexes: tuple[str, ...] = ()) -> Proof:
    """The proof that each of those is there, validated, enforced, and its triggers awake."""
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
    """The proof that each of those triggers is ENABLE ALWAYS, fires when we said and runs the function we made.

    A guard is its table, its name, and the MD5 of the function's body and the trigger's definition, so that a new one
    in the migrations is a new one here. A fourth text is the same after pg_dump and pg_restore, where PostgreSQL
    prints the definition with fewer parentheses from then on.
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


def only_the_owners(law: str, table: str) -> Proof:
    """The proof that nobody but its owner has a right to rewrite that table."""
    return Proof(
        law,
        f"""
    select case grantee when 0 then 'public' else pg_get_userbyid(grantee) end, 'may ' || privilege_type
        || ' {table}'
    from (
        select relowner, (aclexplode(relacl)).* from pg_class where oid = '{table}'::regclass
        union all
        select relowner, (aclexplode(attacl)).* from pg_attribute join pg_class c on c.oid = attrelid
        where attrelid = '{table}'::regclass) granted
    where grantee <> relowner and privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')
    union all
    select 'pocketpay_server', 'may become the owner of {table}'
    from pg_class where oid = '{table}'::regclass and pg_has_role('pocketpay_server', relowner, 'member')
    """,
    )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
