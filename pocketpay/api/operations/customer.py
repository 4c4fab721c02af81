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
from pocketpay.api.pages import BY_MOMENT, Connection, Listing, connection, requested_page
from pocketpay.api.scalars import CurrencyCode
from pocketpay.api.user import Role
from pocketpay.api.wallet import Freeze, WalletStatus
from pocketpay.identity import user
from pocketpay.transactions import history
from pocketpay.transactions.filter import Position
from pocketpay.transactions.visibility import visible_at
from pocketpay.wallets.balance import Balance


async def wallet_transactions(
    self: "CustomerWallet",
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[CustomerTransaction]:
    """A page of a wallet's transactions, with all their fields."""
    listing = Listing("overseen transactions", self.uuid, BY_MOMENT)
    page = requested_page(listing, first, after, last, before)
    database = info.context.database
    rows = await database.query(
        history.read_as_operator,
        self.uuid,
        limit=page.fetch,
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
        place=lambda one: (visible_at(one, self.uuid), one.id),
        node=CustomerTransaction.of,
        counted=counted,
    )


@strawberry.type(description="A customer's wallet as operators see it.")
class CustomerWallet:
    id: strawberry.ID = strawberry.field(
        description="The id that operators use for this wallet. Customers see another id."
    )
    wallet_id: strawberry.ID = strawberry.field(description="The wallet's id, the same that its owner sees.")
    currency: CurrencyCode = strawberry.field(description="The wallet's currency. A wallet has exactly one.")
    status: WalletStatus = strawberry.field(description="The current status.")
    freeze: Freeze | None = strawberry.field(
        description="What the freeze prevents; null when the wallet is not frozen."
    )
    created_at: datetime = strawberry.field(description="When the wallet was opened.")
    balance: Money = strawberry.field(description="The posted balance: the sum of the wallet's ledger entries.")
    held: Money = strawberry.field(
        description="The amount reserved for payments and withdrawals that are not finished."
    )
    available: Money = strawberry.field(description="The amount that can be spent now: `balance` minus `held`.")
    version: int = strawberry.field(description="A counter that grows by one with every change of balance or held.")
    transactions: Connection[CustomerTransaction] = strawberry.field(
        resolver=wallet_transactions,
        description="The transactions that the owner can see, newest first, with all fields.",
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
        """The wallet with this id, of any customer; None when there is none."""
        found = await info.context.loaders.balances.load(id)
        return None if found is None else cls.of(found)

    @strawberry.field(
        description="The reason given by the operator who froze the wallet; null when it is not frozen."
    )
    async def freeze_reason(self, info: Info) -> str | None:
        return await info.context.loaders.freeze_reasons.load(self.uuid)

    @strawberry.field(description="The owner of the wallet.")
    async def owner(self, info: Info) -> "Customer":
        found = await info.context.loaders.owners.load(self.uuid)
        assert found is not None, "every wallet has an owner"  # noqa: S101 - the audit checks it
        return Customer.of(found)


@strawberry.type(
    description="A customer as operators see them. Personal data is deleted when the customer closes the wallet."
)
class Customer:
    id: strawberry.ID = strawberry.field(
        description="The id that operators use for this customer. Customers see another id."
    )
    user_id: strawberry.ID = strawberry.field(description="The user's id, as the customer sees it.")
    username: str = strawberry.field(description='The unique username, without "@". Other users pay to it.')
    name: str = strawberry.field(description="The display name.")
    email: str | None = strawberry.field(description="The email address; null when there is none.")
    email_verified: bool = strawberry.field(
        description="Whether the customer or an operator has verified this address."
    )
    phone: str | None = strawberry.field(description="The phone number in E.164 format; null when there is none.")
    role: Role = strawberry.field(description="Their role: customer or operator.")
    created_at: datetime = strawberry.field(description="When the user signed up.")
    closed_at: datetime | None = strawberry.field(
        description="When the customer closed the wallet; null while it is open."
    )
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

    @strawberry.field(description="The user's wallet.")
    async def wallet(self, info: Info) -> CustomerWallet:
        found = await CustomerWallet.find(info, self.wallet_id)
        assert found is not None  # noqa: S101 - a foreign key guarantees it
        return found

    @strawberry.field(description="The customer's active sessions, newest first, at most 50.")
    async def sessions(self, info: Info) -> list[CustomerSession]:
        return [CustomerSession.of(one) for one in await info.context.loaders.sessions.load(self.uuid) or []]
