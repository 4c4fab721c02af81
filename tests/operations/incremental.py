"""The findings of an incremental audit for each kind of damage, when the books were correct at its checkpoint.

    found     the same findings as the whole audit
    in part   some of them
    refused   the checkpoint does not agree with the books, so the whole audit runs, and finds all
    nothing   the checkpoint covers the damaged rows: only a whole audit finds the damage
    more      the same findings, and one more that results from them

The owner of the tables has made the damage with the guards off; with the guards, PostgreSQL refuses it.

Without a checkpoint (`delete_checkpoint`), all rows of the town count as added, and all damage must be found.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pocketpay.database.sessions import Session
from pocketpay.operations import checkpoint
from pocketpay.operations.audit import PROOFS
from pocketpay.operations.checkpoint import Checkpoint
from pocketpay.operations.repository import audit_runs, checkpoints
from pocketpay.operations.repository.audit_runs import AuditKind
from pocketpay.transactions.repository import added

NOTHING = (
    "a balance beyond 64 bits",
    "a card moved to another wallet",
    "a card payment without the card network's entry",
    "a card's key with a payment as its result",
    "a column of all entries rewritten",
    "a completed payment to another wallet",
    "a declined request with a payment",
    "a deposit to a wallet that does not exist",
    "a failed payment in another currency than its wallets",
    "a held payment of an ended request",
    "a key whose request does not exist",
    "a key whose result does not exist",
    "a key whose transaction is missing",
    "a key with another wallet's request",
    "a key with another wallet's transaction",
    "a key without a result",
    "a missing entry of a house account",
    "a missing entry of a wallet",
    "a paid request without a payment",
    "a payment linked to another request",
    "a payment whose destination does not exist",
    "a payment whose request is missing",
    "a payment whose source does not exist",
    "a payment with a card that does not exist",
    "a payment with another user's card",
    "a payment's key with a card as its result",
    "a refund in another currency than its payment",
    "a refund whose payment is missing",
    "a refund with a missing entry",
    "a refunded amount without a refund",
    "a request changed before its creation",
    "a request in another currency than its wallets",
    "a request paid by another wallet",
    "a request paid with another amount",
    "a request whose payment went to another wallet",
    "a request's key with a payment as its result",
    "a transaction changed before its creation",
    "a transaction completed after its last change",
    "a transaction completed before its creation",
    "a withdrawal whose fee was posted to the bank",
    "a withdrawal with another fee than posted",
    "a wrong balance in the middle of a chain",
    "an entry in another currency",
    "an entry older than the previous one",
    "an entry with a larger amount",
    "entries in a table that inherits",
    "entries in another currency than their transaction",
    "entries of a transaction that does not exist",
    "entries without their transaction",
    "house entries without their account",
)
IN_PART = (
    "a card payment with another amount",
    "a card without a wallet",
    "a completed payment with a fee beyond 64 bits",
    "a completed payment with another amount",
    "a deposit that debits the wallet",
    "a house account with a chain",
    "a payment with a refunded amount of zero",
    "a payment with a refunded amount that is too small",
    "a refund linked to another payment",
    "a refund of another amount than its entries",
    "a reversed card payment that the card still counts",
    "a wallet without its account",
    "entries in the future",
    "entries of a failed payment",
    "refunds that exceed the payment",
    "transactions whose wallet is missing",
)
REFUSED = (
    "a chain that begins at two",
    "a gap in a chain",
    "a wallet's entry marked as a house entry",
    "both entries of a payment missing",
    "entries without their account",
)
COVERED = {
    **dict.fromkeys(NOTHING, "nothing"),
    **dict.fromkeys(IN_PART, "in part"),
    **dict.fromkeys(REFUSED, "refused"),
    "a refund of a refund": "more",
}
"""The outcome for damage to rows that the checkpoint covers. The outcome of all other damage is `found`."""

ADDED = {
    "a deposit to a wallet that does not exist": "nothing",
    "entries in a table that inherits": "nothing",
    "a payment whose source does not exist": "in part",
    "entries without their account": "in part",
}
"""The outcome for damage to added rows. Added rows are searched by wallet, so rows of no wallet are not found."""

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PROOFS_SINCE = {proof for proof in PROOFS if proof.since is not None}
"""The laws with an incremental query. An incremental audit runs the others as the whole audit does."""


async def write_checkpoint(connection: Any) -> None:
    """Writes a checkpoint of the current books, with the time of the transaction."""
    owner = Session(connection)
    now = await owner.fetchval("select now()")
    run_id = await audit_runs.add(
        owner, AuditKind.WHOLE, findings=0, sample=[], laws=len(PROOFS), began_at=now, whole_at=now
    )
    await checkpoints.write(owner, run_id, checkpoint.definitions(PROOFS))


async def delete_checkpoint(connection: Any) -> None:
    """Deletes the checkpoint, as the owner. Then all rows of the books count as added."""
    await connection.execute("reset role; delete from audit_laws; delete from audit_accounts")


async def outcome(connection: Any, whole: dict[str, set[str]]) -> str:
    """Compares the findings of the incremental queries with all findings of the whole audit."""
    await connection.execute("set local role pocketpay_reader")
    used = await _checkpoint(Session(connection))
    if isinstance(used, str):
        return "refused"
    found: dict[str, set[str]] = {}
    for proof in PROOFS_SINCE:
        sql, parameters = used.query_of(proof)
        assert sql == proof.since
        if ids := {row[0] for row in await connection.fetch(sql, *parameters)}:
            found[proof.law] = ids
    laws = {proof.law for proof in PROOFS_SINCE}
    wanted = {law: ids for law, ids in whole.items() if law in laws}
    if found == wanted:
        return "found"
    if any(not ids <= wanted.get(law, set()) for law, ids in found.items()):
        return "more"
    return "in part" if found or wanted.keys() != whole.keys() else "nothing"


async def _checkpoint(session: Session) -> Checkpoint | str:
    if not await session.fetchval("select exists (select from audit_laws)"):
        everything = await added.find(session, LONG_AGO)
        assert everything is not None
        return Checkpoint(LONG_AGO, LONG_AGO, frozenset(proof.law for proof in PROOFS), everything)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(added, "MARGIN", timedelta(0))
        return await checkpoint.read(session, PROOFS)
