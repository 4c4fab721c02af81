"""The checkpoint of an incremental audit, and the reasons to refuse it.

A correct audit leaves a checkpoint: its run, the laws that it proved, and the state of each wallet's account. The
next incremental audit checks only the rows added since, so it takes as long as a day's payments need, however many
years are in the books. A checkpoint that does not agree with the books is refused, and the whole audit runs.

An incremental audit does not read the rows again that the checkpoint covers. Triggers refuse every change of them,
and each audit checks that these triggers are in force. But the owner of the tables can disable a trigger, change an
old row and enable the trigger again: only a whole audit finds that.

Decision 67 gives the reasons, and lists the damage that an incremental audit does not find.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pocketpay.database.findings import Added, Proof
from pocketpay.database.sessions import Session
from pocketpay.operations.repository import checkpoints
from pocketpay.transactions import audit as transactions


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The checkpoint of the audit that began at `at`. `whole_at` is when the last whole audit began. `laws` are the
    laws that the checkpoint covers, and `added` has the rows added since."""

    at: datetime
    whole_at: datetime
    laws: frozenset[str]
    added: Added

    def query_of(self, proof: Proof) -> tuple[str, tuple[object, ...]]:
        """Returns the proof's query with its parameters. It is the whole query when the checkpoint does not cover the
        law, else the incremental one."""
        if proof.since is None or proof.law not in self.laws:
            return proof.sql, ()
        return proof.since, self.added.parameters


async def read(session: Session, proofs: Sequence[Proof]) -> Checkpoint | str:
    """Returns the checkpoint, or a sentence that says why it cannot be used."""
    run = await checkpoints.run_of_checkpoint(session)
    if run is None:
        return "A checkpoint does not exist yet."
    if run.revision != run.here:
        return f"The checkpoint is of revision {run.revision}, the tables are of {run.here}."
    if not run.ok or run.other_runs:
        return "The checkpoint does not come from one correct audit."
    if run.ahead:
        return "The checkpoint is ahead of the database's clock."
    if (how := await checkpoints.disagreement(session)) is not None:
        return f"The checkpoint does not agree with the books: {how}."
    stored = await checkpoints.definitions(session)
    covered = {law for law, definition in definitions(proofs).items() if stored.get(law) == definition}
    if (added := await transactions.find(session, run.began_at)) is None:
        return "Too many rows were added since the checkpoint."
    return Checkpoint(run.began_at, run.whole_at, frozenset(covered), added)


def definitions(proofs: Sequence[Proof]) -> dict[str, str]:
    """Returns the SHA-256 of the queries of each law with an incremental query."""
    return {
        proof.law: hashlib.sha256(f"{proof.sql}\0{proof.since}".encode()).hexdigest()
        for proof in proofs
        if proof.since is not None
    }
