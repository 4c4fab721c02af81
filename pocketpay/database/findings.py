"""How a proof is put: a question to the whole database whose every answer is something wrong.

A room's `repository/proofs.py` lists its own; `operations/audit.py` asks them all in one snapshot.
"""

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


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names)
