"""A ledger entry, as the owner of its wallet sees it."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.money import Money
from pocketpay.api.node import Node
from pocketpay.api.transaction import Transaction
from pocketpay.ledger.entries import PostedEntry


@strawberry.type(description="An immutable ledger entry. A wallet's balance is the sum of its entries.")
class LedgerEntry(Node):
    sequence: int = strawberry.field(
        description="The number of the entry in its wallet, counted from 1 without gaps."
    )
    amount: Money = strawberry.field(description='The change of the balance. A debit has a minus sign: "-3.00".')
    balance_after: Money = strawberry.field(description="The wallet's balance after this entry.")
    description: str = strawberry.field(description="The transaction's description.")
    created_at: datetime = strawberry.field(description="When the entry was posted.")
    transaction_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, entry: PostedEntry) -> Self:
        return cls(
            id=ids.encode(ids.ENTRY, entry.id),
            sequence=entry.sequence,
            amount=Money.of(entry.amount),
            balance_after=Money.of(entry.balance_after),
            description=entry.description,
            created_at=entry.created_at,
            transaction_id=entry.transaction_id,
        )

    @classmethod
    async def find(cls, info: Info, id: UUID) -> Self | None:
        """The entry with this id in the viewer's wallet; None when there is none."""
        wallet_id = info.context.require_viewer().wallet_id
        found = await info.context.loaders.entries.load((wallet_id, id))
        return None if found is None else cls.of(found)

    @strawberry.field(description="The transaction that posted this entry.")
    async def transaction(self, info: Info) -> Transaction:
        found = await Transaction.find(info, self.transaction_id)
        assert found is not None  # noqa: S101 - a guard; a transaction with entries is completed, so visible
        return found
