"""A transaction as the viewer sees it."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Self
from uuid import UUID

import strawberry

from pocketpay import money
from pocketpay.api import ids
from pocketpay.api.card import Card
from pocketpay.api.context import Info
from pocketpay.api.errors import ErrorCode
from pocketpay.api.money import Money
from pocketpay.api.node import Node
from pocketpay.api.profile import Profile
from pocketpay.api.risk_reason import RiskReason
from pocketpay.transactions import transaction as payments
from pocketpay.transactions import visibility

if TYPE_CHECKING:
    from pocketpay.api.ledger_entry import LedgerEntry
    from pocketpay.api.money_request import MoneyRequest


@strawberry.enum(description="Why money moves.")
class TransactionType(Enum):
    SEND = strawberry.enum_value("SEND", description="A payment from one person to another.")
    REQUEST = strawberry.enum_value("REQUEST", description="A money request that is paid.")
    DEPOSIT = strawberry.enum_value("DEPOSIT", description="Money that came in from a bank.")
    WITHDRAWAL = strawberry.enum_value("WITHDRAWAL", description="Money that goes out to a bank.")
    CARD = strawberry.enum_value("CARD", description="A payment with one of the viewer's cards.")
    REFUND = strawberry.enum_value("REFUND", description="Money of another transaction that is given back.")
    BONUS = strawberry.enum_value("BONUS", description="A present of the house.")


@strawberry.enum(description="Which way the money moves, seen by the viewer.")
class Direction(Enum):
    INCOMING = strawberry.enum_value("INCOMING", description="The viewer is paid.")
    OUTGOING = strawberry.enum_value("OUTGOING", description="The viewer pays.")


@strawberry.enum(description="How far a transaction has come. All but CREATED and PENDING_CONFIRMATION are final.")
class TransactionStatus(Enum):
    CREATED = strawberry.enum_value("CREATED", description="Accepted; the bank has not answered yet.")
    PENDING_CONFIRMATION = strawberry.enum_value(
        "PENDING_CONFIRMATION",
        description="Risky: the money is held until the sender confirms, cancels, or it expires.",
    )
    COMPLETED = strawberry.enum_value("COMPLETED", description="The money has moved and stands in the books.")
    BLOCKED = strawberry.enum_value("BLOCKED", description="A rule or a freeze stopped it; no money has moved.")
    FAILED = strawberry.enum_value("FAILED", description="It could not be carried out; no money has moved.")
    CANCELLED = strawberry.enum_value("CANCELLED", description="The sender called it off; no money has moved.")
    EXPIRED = strawberry.enum_value("EXPIRED", description="Nobody confirmed it in time; no money has moved.")


@strawberry.type(
    description="The intent to move money; entries in the books exist once it is completed. Until then the other "
    "side sees nothing of it at all, and afterwards never the sender's fee, risk reasons, failure or expiry."
)
class Transaction(Node):
    type: TransactionType = strawberry.field(description="Why the money moves.")
    direction: Direction = strawberry.field(description="Which way it moves, seen by the viewer.")
    status: TransactionStatus = strawberry.field(description="How far it has come.")
    amount: Money = strawberry.field(description="What arrives; always positive.")
    fee: Money = strawberry.field(description="What it costs whoever pays it; zero for the other side.")
    total: Money = strawberry.field(description="Amount and fee: what leaves the sender's wallet.")
    description: str = strawberry.field(description="What it is for, in the sender's words.")
    bank_name: str | None = strawberry.field(description="The bank on the other side; null where there is none.")
    is_risky: bool = strawberry.field(description="Whether a rule of risk matched; false for the other side.")
    risk_reasons: list[RiskReason] = strawberry.field(description="Every rule that matched; [] for the other side.")
    failure_code: ErrorCode | None = strawberry.field(description="Why it failed or was blocked; else null.")
    expires_at: datetime | None = strawberry.field(
        description="Until when a payment awaits or awaited its sender's answer; null for the other side."
    )
    created_at: datetime = strawberry.field(
        description="When it came into being for the viewer: for whoever is paid, when it was completed."
    )
    updated_at: datetime = strawberry.field(description="When it last changed.")
    completed_at: datetime | None = strawberry.field(description="When the money moved; else null.")
    refunded: Money = strawberry.field(
        description="How much of it was given back: the sum of its completed refunds, never above `total`."
    )
    uuid: strawberry.Private[UUID]
    original: strawberry.Private[UUID | None]
    viewed_from: strawberry.Private[UUID]
    source: strawberry.Private[UUID | None]
    destination: strawberry.Private[UUID | None]
    request_id: strawberry.Private[UUID | None]
    card_id: strawberry.Private[UUID | None]

    @classmethod
    def of(cls, known: payments.Transaction, wallet_id: UUID) -> Self:
        """What is known of it from that wallet: `known` is as `seen_by` gave it."""
        code = known.failure_code
        return cls(
            id=ids.encode(ids.TRANSACTION, known.id),
            type=TransactionType[known.type.name],
            direction=Direction[visibility.direction(known, wallet_id).name],
            status=TransactionStatus[known.status.name],
            amount=Money.of(known.amount),
            fee=Money.of(known.fee),
            total=Money.of(known.total),
            description=known.description,
            bank_name=known.bank_name,
            is_risky=bool(known.risk_reasons),
            risk_reasons=RiskReason.of(known.risk_reasons),
            failure_code=None if code is None else ErrorCode[code],
            expires_at=known.expires_at,
            created_at=known.created_at,
            updated_at=known.updated_at,
            completed_at=known.completed_at,
            refunded=Money.of(money.Money(known.refunded, known.amount.currency)),
            original=known.refund_of,
            uuid=known.id,
            viewed_from=wallet_id,
            source=known.source_wallet_id,
            destination=known.destination_wallet_id,
            request_id=known.request_id,
            card_id=known.card_id,
        )

    @classmethod
    async def find(cls, info: Info, id: UUID) -> Self | None:
        """The transaction of that id as the viewer sees it."""
        wallet_id = info.context.must_view().wallet_id
        known = await info.context.loaders.transactions.load((wallet_id, id))
        return None if known is None else cls.of(known, wallet_id)

    @strawberry.field(description="Who pays; null where the money comes from a bank or the house.")
    async def sender(self, info: Info) -> Profile | None:
        return await owner(info, self.source)

    @strawberry.field(description="Who is paid; null where the money goes to a bank.")
    async def recipient(self, info: Info) -> Profile | None:
        return await owner(info, self.destination)

    @strawberry.field(description="The person on the other side; null where that is a bank or the house.")
    async def counterparty(self, info: Info) -> Profile | None:
        return await owner(info, self.destination if self.source == self.viewed_from else self.source)

    @strawberry.field(description="What a REFUND gives money back of; null of every other type.")
    async def refund_of(self, info: Info) -> "Transaction | None":
        return None if self.original is None else await Transaction.find(info, self.original)

    @strawberry.field(
        description="What was given back of it, the newest first: completed refunds, at most the last 20."
    )
    async def refunds(self, info: Info) -> "list[Transaction]":
        if self.refunded.minor_units == "0":
            return []
        found = await info.context.loaders.refunds.load((self.viewed_from, self.uuid))
        return [Transaction.of(one, self.viewed_from) for one in found or ()]

    @strawberry.field(description="The viewer's card that pays; null where none does.")
    async def card(self, info: Info) -> Card | None:
        return None if self.card_id is None else await Card.find(info, self.card_id)

    @strawberry.field(description="The viewer's own lines in the books; [] until it is completed.")
    async def entries(
        self, info: Info
    ) -> list[Annotated["LedgerEntry", strawberry.lazy("pocketpay.api.ledger_entry")]]:
        if self.status is not TransactionStatus.COMPLETED:
            return []
        from pocketpay.api.ledger_entry import LedgerEntry  # which refers back to transactions

        entry = await info.context.loaders.own_entries.load((self.viewed_from, self.uuid))
        return [] if entry is None else [LedgerEntry.of(entry)]

    @strawberry.field(description="The money request that it pays; null where it pays none.")
    async def money_request(
        self, info: Info
    ) -> Annotated["MoneyRequest", strawberry.lazy("pocketpay.api.money_request")] | None:
        if self.request_id is None:
            return None
        from pocketpay.api.money_request import MoneyRequest  # which refers back to transactions

        return await MoneyRequest.find(info, self.request_id)


async def owner(info: Info, wallet_id: UUID | None) -> Profile | None:
    """Whose wallet that is."""
    if wallet_id is None:
        return None
    found = await info.context.loaders.profiles.load(wallet_id)
    return None if found is None else Profile.of(found)
