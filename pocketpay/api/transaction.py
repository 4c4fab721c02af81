"""A transaction as the viewer sees it."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import strawberry

from pocketpay import money
from pocketpay.api import ids
from pocketpay.api.bank_account import BankAccount
from pocketpay.api.card import Card
from pocketpay.api.context import Info
from pocketpay.api.error_code import ErrorCode
from pocketpay.api.money import Money
from pocketpay.api.node import ID_DESCRIPTION, Node
from pocketpay.api.profile import Profile
from pocketpay.api.risk_reason import RiskReason
from pocketpay.transactions import transaction as payments
from pocketpay.transactions import visibility
from pocketpay.transactions.lifecycle import Status

if TYPE_CHECKING:
    from pocketpay.api.ledger_entry import LedgerEntry
    from pocketpay.api.money_request import MoneyRequest


@strawberry.enum(description="The kind of a transaction.")
class TransactionType(Enum):
    SEND = strawberry.enum_value("SEND", description="A payment from one user to another.")
    REQUEST = strawberry.enum_value("REQUEST", description="A payment of a money request.")
    DEPOSIT = strawberry.enum_value("DEPOSIT", description="A deposit from a bank.")
    WITHDRAWAL = strawberry.enum_value("WITHDRAWAL", description="A withdrawal to a bank.")
    CARD = strawberry.enum_value("CARD", description="A payment with one of the viewer's cards.")
    REFUND = strawberry.enum_value("REFUND", description="A refund of another transaction.")
    BONUS = strawberry.enum_value("BONUS", description="A bonus paid by Pocket Pay.")


@strawberry.enum(description="The direction of the money, as the viewer sees it.")
class Direction(Enum):
    INCOMING = strawberry.enum_value("INCOMING", description="The viewer receives the money.")
    OUTGOING = strawberry.enum_value("OUTGOING", description="The viewer pays.")


@strawberry.enum(
    description="The status of a transaction. All statuses except CREATED and PENDING_CONFIRMATION are final."
)
class TransactionStatus(Enum):
    CREATED = strawberry.enum_value(
        "CREATED", description="The transaction is accepted. The bank has not answered yet."
    )
    PENDING_CONFIRMATION = strawberry.enum_value(
        "PENDING_CONFIRMATION",
        description="The payment is risky. The money is held until the sender confirms or cancels the payment, or "
        "it expires.",
    )
    COMPLETED = strawberry.enum_value(
        "COMPLETED", description="The money has moved, and the ledger entries are posted."
    )
    BLOCKED = strawberry.enum_value(
        "BLOCKED", description="A risk rule or a freeze stopped the payment. No money has moved."
    )
    FAILED = strawberry.enum_value(
        "FAILED", description="The transaction could not be completed. No money has moved."
    )
    CANCELLED = strawberry.enum_value(
        "CANCELLED", description="The sender cancelled the payment. No money has moved."
    )
    EXPIRED = strawberry.enum_value(
        "EXPIRED", description="The payment was not confirmed in time. No money has moved."
    )


def _id(self: "Transaction") -> strawberry.ID:
    return ids.encode(ids.TRANSACTION, self.record.id)


@strawberry.type(
    description="A movement of money. Its ledger entries exist when it is completed. The recipient sees it only "
    "after that, and never sees the sender's fee, risk reasons, failure or expiry."
)
class Transaction(Node):
    id: strawberry.ID = strawberry.field(resolver=_id, description=ID_DESCRIPTION)
    record: strawberry.Private[payments.Transaction]
    viewed_from: strawberry.Private[UUID]

    @classmethod
    def of(cls, record: payments.Transaction, wallet_id: UUID) -> Self:
        """The transaction as the owner of this wallet sees it. `record` must be a result of `visibility.seen_by` for
        the wallet. Each field is computed when it is selected."""
        return cls(record=record, viewed_from=wallet_id)

    @strawberry.field(description="The kind of transaction.")
    def type(self) -> TransactionType:
        return TransactionType[self.record.type.name]

    @strawberry.field(description="The direction of the money, as the viewer sees it.")
    def direction(self) -> Direction:
        return Direction[visibility.direction(self.record, self.viewed_from).name]

    @strawberry.field(description="The current status.")
    def status(self) -> TransactionStatus:
        return TransactionStatus[self.record.status.name]

    @strawberry.field(description="The amount that the recipient gets; always positive.")
    def amount(self) -> Money:
        return Money.of(self.record.amount)

    @strawberry.field(description="The fee, paid by the sender; zero for the recipient.")
    def fee(self) -> Money:
        return Money.of(self.record.fee)

    @strawberry.field(description="Amount plus fee: what leaves the sender's wallet.")
    def total(self) -> Money:
        return Money.of(self.record.total)

    @strawberry.field(description='The description that the sender wrote; "" when there is none.')
    def description(self) -> str:
        return self.record.description

    @strawberry.field(description="The name of the bank; null when no bank is involved.")
    def bank_name(self) -> str | None:
        return self.record.bank_name

    @strawberry.field(description="Whether a risk rule matched; false for the recipient.")
    def is_risky(self) -> bool:
        return bool(self.record.risk_reasons)

    @strawberry.field(description="Every risk rule that matched; [] for the recipient.")
    def risk_reasons(self) -> list[RiskReason]:
        return RiskReason.of(self.record.risk_reasons)

    @strawberry.field(description="Why the transaction FAILED or was BLOCKED; null for other statuses.")
    def failure_code(self) -> ErrorCode | None:
        code = self.record.failure_code
        return None if code is None else ErrorCode[code]

    @strawberry.field(
        description="When a payment that needs confirmation expires or expired; null for the recipient."
    )
    def expires_at(self) -> datetime | None:
        return self.record.expires_at

    @strawberry.field(description="When the transaction was created. For the recipient: when it was completed.")
    def created_at(self) -> datetime:
        return self.record.created_at

    @strawberry.field(description="When the transaction last changed.")
    def updated_at(self) -> datetime:
        return self.record.updated_at

    @strawberry.field(description="When the money moved; null when it has not moved.")
    def completed_at(self) -> datetime | None:
        return self.record.completed_at

    @strawberry.field(description="The refunded amount: the sum of completed refunds, never above `total`.")
    def refunded(self) -> Money:
        return Money.of(money.Money(self.record.refunded, self.record.amount.currency))

    @classmethod
    async def find(cls, info: Info, id: UUID) -> Self | None:
        """The transaction with this id as the viewer sees it; None when the viewer cannot see it."""
        wallet_id = info.context.require_viewer().wallet_id
        record = await info.context.loaders.transactions.load((wallet_id, id))
        return None if record is None else cls.of(record, wallet_id)

    @strawberry.field(description="The sender; null when the money comes from a bank or Pocket Pay.")
    async def sender(self, info: Info) -> Profile | None:
        return await owner(info, self.record.source_wallet_id)

    @strawberry.field(description="The recipient; null when the money goes to a bank or a merchant.")
    async def recipient(self, info: Info) -> Profile | None:
        return await owner(info, self.record.destination_wallet_id)

    @strawberry.field(description="The other user; null when the other side is a bank, a merchant or Pocket Pay.")
    async def counterparty(self, info: Info) -> Profile | None:
        return await owner(info, visibility.counterparty(self.record, self.viewed_from))

    @strawberry.field(
        description="The other side in one short text for a list: a user's name, a bank, a merchant, or \"Welcome "
        'bonus". A refund has the title of the transaction that it refunds.'
    )
    async def title(self, info: Info) -> str:
        person = await owner(info, visibility.counterparty(self.record, self.viewed_from))
        if person is not None:
            return person.name
        return self.record.bank_name or (await self._original(info)).description

    @strawberry.field(description="The merchant of a card payment or of its refund; null for other transactions.")
    async def merchant(self, info: Info) -> str | None:
        original = await self._original(info)
        return original.description if original.type is payments.Type.CARD else None

    @strawberry.field(description="The transaction that a REFUND refunds; null for other types.")
    async def refund_of(self, info: Info) -> "Transaction | None":
        return None if self.record.refund_of is None else await Transaction.find(info, self.record.refund_of)

    @strawberry.field(description="The completed refunds of this transaction, newest first, at most 20.")
    async def refunds(self, info: Info) -> "list[Transaction]":
        if not self.record.refunded:
            return []
        found = await info.context.loaders.refunds.load((self.viewed_from, self.record.id))
        return [Transaction.of(one, self.viewed_from) for one in found or ()]

    async def _original(self, info: Info) -> payments.Transaction:
        """The transaction that this one refunds; this transaction itself when it is not a refund."""
        if self.record.refund_of is None:
            return self.record
        original = await info.context.loaders.transactions.load((self.viewed_from, self.record.refund_of))
        return original or self.record

    @strawberry.field(description="The viewer's card that paid; null when no card paid.")
    async def card(self, info: Info) -> Card | None:
        return None if self.record.card_id is None else await Card.find(info, self.record.card_id)

    @strawberry.field(
        description="The viewer's linked bank account that the money came from or went to; null when there is none. "
        "A refund has the bank account of the transaction that it refunds."
    )
    async def bank_account(self, info: Info) -> BankAccount | None:
        if self.record.bank_name is None:
            return None
        found = await info.context.loaders.order_accounts.load(
            (self.viewed_from, self.record.refund_of or self.record.id)
        )
        return None if found is None else BankAccount.of(found)

    @strawberry.field(description="The viewer's own ledger entries; [] until the transaction is completed.")
    async def entries(
        self, info: Info
    ) -> list[Annotated["LedgerEntry", strawberry.lazy("pocketpay.api.ledger_entry")]]:
        if self.record.status is not Status.COMPLETED:
            return []
        from pocketpay.api.ledger_entry import LedgerEntry  # imported here to avoid a circular import

        entry = await info.context.loaders.own_entries.load((self.viewed_from, self.record.id))
        return [] if entry is None else [LedgerEntry.of(entry)]

    @strawberry.field(description="The money request that this transaction pays; null when there is none.")
    async def money_request(
        self, info: Info
    ) -> Annotated["MoneyRequest", strawberry.lazy("pocketpay.api.money_request")] | None:
        if self.record.request_id is None:
            return None
        from pocketpay.api.money_request import MoneyRequest  # imported here to avoid a circular import

        return await MoneyRequest.find(info, self.record.request_id)


async def owner(info: Info, wallet_id: UUID | None) -> Profile | None:
    """The profile of the wallet's owner; None for no wallet."""
    if wallet_id is None:
        return None
    found = await info.context.loaders.profiles.load(wallet_id)
    return None if found is None else Profile.of(found)
