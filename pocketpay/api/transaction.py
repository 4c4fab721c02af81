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


def _id(self: "Transaction") -> strawberry.ID:
    return ids.encode(ids.TRANSACTION, self.known.id)


@strawberry.type(
    description="The intent to move money; entries in the books exist once it is completed. Until then the other "
    "side sees nothing of it at all, and afterwards never the sender's fee, risk reasons, failure or expiry."
)
class Transaction(Node):
    id: strawberry.ID = strawberry.field(resolver=_id, description=ID_DESCRIPTION)
    known: strawberry.Private[payments.Transaction]
    viewed_from: strawberry.Private[UUID]

    @classmethod
    def of(cls, known: payments.Transaction, wallet_id: UUID) -> Self:
        """What is known of it from that wallet: `known` is as `seen_by` gave it. Its fields are worked out when they
        are selected."""
        return cls(known=known, viewed_from=wallet_id)

    @strawberry.field(description="Why the money moves.")
    def type(self) -> TransactionType:
        return TransactionType[self.known.type.name]

    @strawberry.field(description="Which way it moves, seen by the viewer.")
    def direction(self) -> Direction:
        return Direction[visibility.direction(self.known, self.viewed_from).name]

    @strawberry.field(description="How far it has come.")
    def status(self) -> TransactionStatus:
        return TransactionStatus[self.known.status.name]

    @strawberry.field(description="What arrives; always positive.")
    def amount(self) -> Money:
        return Money.of(self.known.amount)

    @strawberry.field(description="What it costs whoever pays it; zero for the other side.")
    def fee(self) -> Money:
        return Money.of(self.known.fee)

    @strawberry.field(description="Amount and fee: what leaves the sender's wallet.")
    def total(self) -> Money:
        return Money.of(self.known.total)

    @strawberry.field(description='What it is for, in the sender\'s words; "" when they gave none.')
    def description(self) -> str:
        return self.known.description

    @strawberry.field(description="The bank on the other side; null where there is none.")
    def bank_name(self) -> str | None:
        return self.known.bank_name

    @strawberry.field(description="Whether a rule of risk matched; false for the other side.")
    def is_risky(self) -> bool:
        return bool(self.known.risk_reasons)

    @strawberry.field(description="Every rule that matched; [] for the other side.")
    def risk_reasons(self) -> list[RiskReason]:
        return RiskReason.of(self.known.risk_reasons)

    @strawberry.field(description="Why it failed or was blocked; else null.")
    def failure_code(self) -> ErrorCode | None:
        code = self.known.failure_code
        return None if code is None else ErrorCode[code]

    @strawberry.field(
        description="Until when a payment awaits or awaited its sender's answer; null for the other side."
    )
    def expires_at(self) -> datetime | None:
        return self.known.expires_at

    @strawberry.field(
        description="When it came into being for the viewer: for whoever is paid, when it was completed."
    )
    def created_at(self) -> datetime:
        return self.known.created_at

    @strawberry.field(description="When it last changed.")
    def updated_at(self) -> datetime:
        return self.known.updated_at

    @strawberry.field(description="When the money moved; else null.")
    def completed_at(self) -> datetime | None:
        return self.known.completed_at

    @strawberry.field(
        description="How much of it was given back: the sum of its completed refunds, never above `total`."
    )
    def refunded(self) -> Money:
        return Money.of(money.Money(self.known.refunded, self.known.amount.currency))

    @classmethod
    async def find(cls, info: Info, id: UUID) -> Self | None:
        """The transaction of that id as the viewer sees it."""
        wallet_id = info.context.must_view().wallet_id
        known = await info.context.loaders.transactions.load((wallet_id, id))
        return None if known is None else cls.of(known, wallet_id)

    @strawberry.field(description="Who pays; null where the money comes from a bank or the house.")
    async def sender(self, info: Info) -> Profile | None:
        return await owner(info, self.known.source_wallet_id)

    @strawberry.field(description="Who is paid; null where the money goes to a bank.")
    async def recipient(self, info: Info) -> Profile | None:
        return await owner(info, self.known.destination_wallet_id)

    @strawberry.field(description="The person on the other side; null where that is a bank or the house.")
    async def counterparty(self, info: Info) -> Profile | None:
        return await owner(info, visibility.counterparty(self.known, self.viewed_from))

    @strawberry.field(
        description="Who or what is on the other side, in one short text for a list: a person's name, a bank, a "
        'merchant, or "Welcome bonus". A refund has the title of what it gives money back of.'
    )
    async def title(self, info: Info) -> str:
        person = await owner(info, visibility.counterparty(self.known, self.viewed_from))
        if person is not None:
            return person.name
        return self.known.bank_name or (await self._original(info)).description

    @strawberry.field(
        description="The merchant that is paid by card, or that gives money of such a payment back; else null."
    )
    async def merchant(self, info: Info) -> str | None:
        original = await self._original(info)
        return original.description if original.type is payments.Type.CARD else None

    @strawberry.field(description="What a REFUND gives money back of; null of every other type.")
    async def refund_of(self, info: Info) -> "Transaction | None":
        return None if self.known.refund_of is None else await Transaction.find(info, self.known.refund_of)

    @strawberry.field(
        description="What was given back of it, the newest first: completed refunds, at most the last 20."
    )
    async def refunds(self, info: Info) -> "list[Transaction]":
        if not self.known.refunded:
            return []
        found = await info.context.loaders.refunds.load((self.viewed_from, self.known.id))
        return [Transaction.of(one, self.viewed_from) for one in found or ()]

    async def _original(self, info: Info) -> payments.Transaction:
        """What a refund gives money back of, and any other transaction itself."""
        if self.known.refund_of is None:
            return self.known
        original = await info.context.loaders.transactions.load((self.viewed_from, self.known.refund_of))
        return original or self.known

    @strawberry.field(description="The viewer's card that pays; null where none does.")
    async def card(self, info: Info) -> Card | None:
        return None if self.known.card_id is None else await Card.find(info, self.known.card_id)

    @strawberry.field(description="The viewer's own lines in the books; [] until it is completed.")
    async def entries(
        self, info: Info
    ) -> list[Annotated["LedgerEntry", strawberry.lazy("pocketpay.api.ledger_entry")]]:
        if self.known.status is not Status.COMPLETED:
            return []
        from pocketpay.api.ledger_entry import LedgerEntry  # which refers back to transactions

        entry = await info.context.loaders.own_entries.load((self.viewed_from, self.known.id))
        return [] if entry is None else [LedgerEntry.of(entry)]

    @strawberry.field(description="The money request that it pays; null where it pays none.")
    async def money_request(
        self, info: Info
    ) -> Annotated["MoneyRequest", strawberry.lazy("pocketpay.api.money_request")] | None:
        if self.known.request_id is None:
            return None
        from pocketpay.api.money_request import MoneyRequest  # which refers back to transactions

        return await MoneyRequest.find(info, self.known.request_id)


async def owner(info: Info, wallet_id: UUID | None) -> Profile | None:
    """Whose wallet that is."""
    if wallet_id is None:
        return None
    found = await info.context.loaders.profiles.load(wallet_id)
    return None if found is None else Profile.of(found)
