"""A transaction as operators see it: with all its fields, including those that only one side can see."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.error_code import ErrorCode
from pocketpay.api.money import Money
from pocketpay.api.risk_reason import RiskReason
from pocketpay.api.transaction import TransactionStatus, TransactionType
from pocketpay.money import Money as Exact
from pocketpay.transactions.transaction import Transaction

if TYPE_CHECKING:
    from pocketpay.api.operations.customer import Customer


@strawberry.type(description="A transaction as operators see it: all its fields, not one customer's view.")
class CustomerTransaction:
    id: strawberry.ID = strawberry.field(
        description="The id that operators use for this transaction. Customers see another id."
    )
    transaction_id: strawberry.ID = strawberry.field(
        description="The transaction's id, the same that its customers see."
    )
    type: TransactionType = strawberry.field(description="The kind of transaction.")
    status: TransactionStatus = strawberry.field(description="The current status.")
    amount: Money = strawberry.field(description="The amount that the recipient gets; always positive.")
    fee: Money = strawberry.field(description="The fee, paid by the sender.")
    total: Money = strawberry.field(description="Amount plus fee: what the sender pays.")
    refunded: Money = strawberry.field(description="How much of the total was refunded.")
    description: str = strawberry.field(
        description="The description that the sender wrote; empty when there is none."
    )
    bank_name: str | None = strawberry.field(description="The name of the bank; null when no bank is involved.")
    risk_reasons: list[RiskReason] = strawberry.field(
        description="Every risk rule that matched, with a message for the sender."
    )
    failure_code: ErrorCode | None = strawberry.field(
        description="Why the transaction FAILED or was BLOCKED; null for other statuses."
    )
    expires_at: datetime | None = strawberry.field(
        description="When a payment that needs confirmation expires or expired; null for other transactions."
    )
    created_at: datetime = strawberry.field(description="When the transaction was created.")
    updated_at: datetime = strawberry.field(description="When the transaction last changed.")
    completed_at: datetime | None = strawberry.field(description="When the money moved; null when it has not moved.")
    source: strawberry.Private[UUID | None]
    destination: strawberry.Private[UUID | None]
    original: strawberry.Private[UUID | None]

    @classmethod
    def of(cls, transaction: Transaction) -> Self:
        code = transaction.failure_code
        return cls(
            id=ids.encode(ids.CUSTOMER_TRANSACTION, transaction.id),
            transaction_id=ids.encode(ids.TRANSACTION, transaction.id),
            type=TransactionType[transaction.type.name],
            status=TransactionStatus[transaction.status.name],
            amount=Money.of(transaction.amount),
            fee=Money.of(transaction.fee),
            total=Money.of(transaction.total),
            refunded=Money.of(Exact(transaction.refunded, transaction.amount.currency)),
            description=transaction.description,
            bank_name=transaction.bank_name,
            risk_reasons=RiskReason.of(transaction.risk_reasons),
            failure_code=None if code is None else ErrorCode[code],
            expires_at=transaction.expires_at,
            created_at=transaction.created_at,
            updated_at=transaction.updated_at,
            completed_at=transaction.completed_at,
            source=transaction.source_wallet_id,
            destination=transaction.destination_wallet_id,
            original=transaction.refund_of,
        )

    @classmethod
    async def find(cls, info: Info, id: UUID) -> Self | None:
        """The transaction with this id, of any customer; None when there is none."""
        found = await info.context.loaders.full_transactions.load(id)
        return None if found is None else cls.of(found)

    @strawberry.field(description="The sender; null when the money comes from a bank or Pocket Pay.")
    async def sender(
        self, info: Info
    ) -> Annotated["Customer", strawberry.lazy("pocketpay.api.operations.customer")] | None:
        return await _owner(info, self.source)

    @strawberry.field(description="The recipient; null when the money goes to a bank, a merchant or Pocket Pay.")
    async def recipient(
        self, info: Info
    ) -> Annotated["Customer", strawberry.lazy("pocketpay.api.operations.customer")] | None:
        return await _owner(info, self.destination)

    @strawberry.field(description="The transaction that this one refunds; null when this is not a refund.")
    async def refund_of(self, info: Info) -> "CustomerTransaction | None":
        return None if self.original is None else await CustomerTransaction.find(info, self.original)


async def _owner(info: Info, wallet_id: UUID | None) -> "Customer | None":
    if wallet_id is None:
        return None
    from pocketpay.api.operations.customer import Customer

    found = await info.context.loaders.owners.load(wallet_id)
    return None if found is None else Customer.of(found)
