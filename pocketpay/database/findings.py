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
