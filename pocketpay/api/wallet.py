"""The viewer's wallet. No other user can see it."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.entries import viewers_entries
from pocketpay.api.ledger_entry import LedgerEntry
from pocketpay.api.limit import Limit
from pocketpay.api.money import Money
from pocketpay.api.node import ID_DESCRIPTION, Node
from pocketpay.api.pages import Connection
from pocketpay.api.scalars import CurrencyCode
from pocketpay.api.statement import Statement, viewers_statement
from pocketpay.api.transaction import Transaction
from pocketpay.api.transactions import viewers_transactions
from pocketpay.ledger.point import just_after
from pocketpay.wallets.balance import Balance


@strawberry.enum(description="The status of a wallet.")
class WalletStatus(Enum):
    ACTIVE = strawberry.enum_value("ACTIVE", description="The wallet can pay and be paid.")
    FROZEN = strawberry.enum_value("FROZEN", description="The wallet is frozen. `freeze` says what that prevents.")
    CLOSED = strawberry.enum_value("CLOSED", description="The wallet is closed permanently.")


@strawberry.enum(description="What a freeze prevents.")
class Freeze(Enum):
    DEBITS = strawberry.enum_value("DEBITS", description="The wallet cannot pay. It can be paid.")
    ALL = strawberry.enum_value(
        "ALL",
        description="The wallet cannot pay and cannot be paid, and its owner is locked out: signIn, refreshSession, "
        "changePassword and updateProfile are refused.",
    )


def _id(self: "Wallet") -> strawberry.ID:
    return ids.encode(ids.WALLET, self.record.wallet_id)


@strawberry.type(description="A customer's wallet: one currency and one account in the ledger.")
class Wallet(Node):
    id: strawberry.ID = strawberry.field(resolver=_id, description=ID_DESCRIPTION)
    record: strawberry.Private[Balance]
    transactions: Connection[Transaction] = strawberry.field(
        resolver=viewers_transactions,
        description="The wallet's transactions, newest first. An incoming payment appears when it is completed.",
    )
    entries: Connection[LedgerEntry] = strawberry.field(
        resolver=viewers_entries, description="The wallet's ledger entries, newest first."
    )
    statement: Statement = strawberry.field(
        resolver=viewers_statement, description="The statement for one month, from the ledger."
    )

    @classmethod
    def of(cls, record: Balance) -> Self:
        """The wallet as its owner sees it. Each field is computed when it is selected."""
        return cls(record=record)

    @property
    def uuid(self) -> UUID:
        """The wallet's UUID, without the prefix of its public id."""
        return self.record.wallet_id

    @strawberry.field(description="The wallet's currency. A wallet has exactly one.")
    def currency(self) -> CurrencyCode:
        return CurrencyCode(self.record.currency)

    @strawberry.field(description="The current status.")
    def status(self) -> WalletStatus:
        return WalletStatus[self.record.standing.status.name]

    @strawberry.field(description="What the freeze prevents; null when the wallet is not frozen.")
    def freeze(self) -> Freeze | None:
        frozen_for = self.record.standing.frozen_for
        return None if frozen_for is None else Freeze[frozen_for.name]

    @strawberry.field(description="When the wallet was opened.")
    def created_at(self) -> datetime:
        return self.record.standing.created_at

    @strawberry.field(description="The posted balance: the sum of the wallet's ledger entries.")
    def balance(self) -> Money:
        return Money.of(self.record.posted)

    @strawberry.field(
        description="The amount reserved for payments that wait for confirmation and withdrawals that the bank has "
        "not settled."
    )
    def held(self) -> Money:
        return Money.of(self.record.held)

    @strawberry.field(description="The amount that can be spent now: `balance` minus `held`.")
    def available(self) -> Money:
        return Money.of(self.record.available)

    @strawberry.field(description="A counter that grows by one with every change of balance or held.")
    def version(self) -> int:
        return self.record.version

    @strawberry.field(description="The limits on money moved within 24 hours, and how much of each is used.")
    async def limits(self, info: Info) -> list[Limit]:
        limits = await info.context.loaders.limits.load((self.record.wallet_id, self.record.currency))
        return [Limit.of(limit) for limit in limits or ()]

    @classmethod
    async def find(cls, info: Info, id: UUID) -> Self | None:
        """The viewer's wallet when it has this id, else None."""
        if id != info.context.require_viewer().wallet_id:
            return None
        found = await info.context.loaders.balances.load(id)
        return None if found is None else cls.of(found)

    @strawberry.field(
        description="The balance at a time, including entries posted at exactly that time: zero before the first "
        "entry, and the current balance for a future time."
    )
    async def balance_at(
        self, info: Info, time: Annotated[datetime, strawberry.argument(description="The time.")]
    ) -> Money:
        found = await info.context.loaders.points.load((self.uuid, just_after(time)))
        assert found is not None, "every wallet has a ledger account"  # noqa: S101 - a foreign key guarantees it
        return Money.of(found.balance)
