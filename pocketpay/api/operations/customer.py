"""Customers and their wallets as operators see them."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.money import Money
from pocketpay.api.operations.customer_session import CustomerSession
from pocketpay.api.operations.customer_transaction import CustomerTransaction
from pocketpay.api.page_arguments import After, Before, First, Last
from pocketpay.api.pages import BY_MOMENT, Connection, Listing, asked, connection
from pocketpay.api.scalars import CurrencyCode
from pocketpay.api.user import Role
from pocketpay.api.wallet import Freeze, WalletStatus
from pocketpay.identity import user
from pocketpay.transactions import history
from pocketpay.transactions.filter import Position
from pocketpay.transactions.visibility import visible_at
from pocketpay.wallets.balance import Balance


async def wallets_transactions(
    self: "CustomerWallet",
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[CustomerTransaction]:
    """A page of the transactions of a wallet."""
    listing = Listing("overseen transactions", self.uuid, BY_MOMENT)
    page = asked(listing, first, after, last, before)
    database = info.context.database
    rows = await database.query(
        history.oversee,
        self.uuid,
        most=page.fetch,
        older_than=Position.of(page.after),
        newer_than=Position.of(page.before),
        backwards=page.backward,
    )

    async def counted() -> int | None:
        return await database.query(history.count, self.uuid)

    return connection(
        listing,
        page,
        rows,
        place=lambda known: (visible_at(known, self.uuid), known.id),
        node=CustomerTransaction.of,
        counted=counted,
    )


@strawberry.type(description="A customer's wallet as operators see it.")
class CustomerWallet:
    id: strawberry.ID = strawberry.field(description="Its id for operators.")
    wallet_id: strawberry.ID = strawberry.field(description="The wallet's id, the one its owner knows it by.")
    currency: CurrencyCode = strawberry.field(description="The one currency it holds.")
    status: WalletStatus = strawberry.field(description="What may be done with it.")
    freeze: Freeze | None = strawberry.field(description="What it cannot do while it is frozen; else null.")
    created_at: datetime = strawberry.field(description="When it was opened.")
    balance: Money = strawberry.field(description="Posted: the sum of its entries in the books.")
    held: Money = strawberry.field(description="Promised to payments and withdrawals that are not over.")
    available: Money = strawberry.field(description="Balance less held: what can be spent now.")
    version: int = strawberry.field(description="Grows by one with every change of balance or held.")
    transactions: Connection[CustomerTransaction] = strawberry.field(
        resolver=wallets_transactions,
        description="What its owner sees of its past, the newest first, each transaction whole.",
    )
    uuid: strawberry.Private[UUID]

    @classmethod
    def of(cls, wallet: Balance) -> Self:
        frozen_for = wallet.standing.frozen_for
        return cls(
            id=ids.encode(ids.CUSTOMER_WALLET, wallet.wallet_id),
            wallet_id=ids.encode(ids.WALLET, wallet.wallet_id),
            currency=CurrencyCode(wallet.currency),
            status=WalletStatus[wallet.standing.status.name],
            freeze=None if frozen_for is None else Freeze[frozen_for.name],
            created_at=wallet.standing.created_at,
            balance=Money.of(wallet.posted),
            held=Money.of(wallet.held),
            available=Money.of(wallet.available),
            version=wallet.version,
            uuid=wallet.wallet_id,
        )

    @classmethod
    async def find(cls, info: Info, id: UUID) -> Self | None:
        """The wallet of that id, whosever it is."""
        found = await info.context.loaders.balances.load(id)
        return None if found is None else cls.of(found)

    @strawberry.field(description="Why it is frozen, in the words of the operator who froze it; else null.")
    async def freeze_reason(self, info: Info) -> str | None:
        return await info.context.loaders.freeze_reasons.load(self.uuid)

    @strawberry.field(description="Whose it is.")
    async def owner(self, info: Info) -> "Customer":
        found = await info.context.loaders.owners.load(self.uuid)
        assert found is not None, "every wallet has its owner"  # noqa: S101 - the audit says so
        return Customer.of(found)


@strawberry.type(description="A customer as operators see them. Of somebody who has left nothing personal is kept.")
class Customer:
    id: strawberry.ID = strawberry.field(description="Their id for operators.")
    user_id: strawberry.ID = strawberry.field(description="The user's id, the one they know themselves by.")
    username: str = strawberry.field(description='The name others pay them by, without "@".')
    name: str = strawberry.field(description="The name they go by.")
    email: str | None = strawberry.field(description="Their email address; null when they gave none.")
    email_verified: bool = strawberry.field(
        description="Whether this address is verified as theirs: by them, or by an operator."
    )
    phone: str | None = strawberry.field(description="Their phone number in E.164; null when they gave none.")
    role: Role = strawberry.field(description="What they are to the house.")
    created_at: datetime = strawberry.field(description="When they signed up.")
    closed_at: datetime | None = strawberry.field(description="When they closed their wallet and left; else null.")
    uuid: strawberry.Private[UUID]
    wallet_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, one: user.User) -> Self:
        return cls(
            id=ids.encode(ids.CUSTOMER, one.id),
            user_id=ids.encode(ids.USER, one.id),
            username=one.username,
            name=one.name,
            email=one.email,
            email_verified=one.email_verified,
            phone=one.phone,
            role=Role[one.role.name],
            created_at=one.created_at,
            closed_at=one.closed_at,
            uuid=one.id,
            wallet_id=one.wallet_id,
        )

    @strawberry.field(description="Their wallet.")
    async def wallet(self, info: Info) -> CustomerWallet:
        found = await CustomerWallet.find(info, self.wallet_id)
        assert found is not None  # noqa: S101 - a foreign key says so
        return found

    @strawberry.field(description="Their sessions that have not ended, the newest first, at most 50.")
    async def sessions(self, info: Info) -> list[CustomerSession]:
        return [CustomerSession.of(one) for one in await info.context.loaders.sessions.load(self.uuid) or []]
