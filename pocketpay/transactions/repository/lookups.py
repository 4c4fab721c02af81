"""All SQL that looks transactions up by id."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from pocketpay.database.sessions import Session
from pocketpay.transactions.repository.rows import COLUMNS, transaction
from pocketpay.transactions.transaction import Transaction

_BY_IDS = f"select {COLUMNS} from transactions where id = any($1::uuid[])"


@dataclass(frozen=True, slots=True)
class Parties:
    """The wallets between which a transaction moves money; None for a side outside Pocket Pay."""

    source_id: UUID | None
    destination_id: UUID | None


async def by_ids(session: Session, ids: Iterable[UUID]) -> dict[UUID, Transaction]:
    """Returns the transactions with the ids, of any owner, by id; an unknown id is left out."""
    rows = await session.fetch(_BY_IDS, list(ids))
    return {row["id"]: transaction(row) for row in rows}


async def parties(session: Session, transaction_id: UUID) -> Parties | None:
    """Returns the wallets of a transaction, which never change; None when the transaction does not exist."""
    row = await session.fetchrow(
        "select source_wallet_id, destination_wallet_id from transactions where id = $1", transaction_id
    )
    return None if row is None else Parties(row["source_wallet_id"], row["destination_wallet_id"])
