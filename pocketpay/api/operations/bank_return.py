"""What banks have taken back of settled orders, and what is not in the books yet."""

from datetime import datetime
from typing import Self
from uuid import UUID

import strawberry

from pocketpay import money
from pocketpay.api.context import Info
from pocketpay.api.money import Money
from pocketpay.api.operations.customer_transaction import CustomerTransaction
from pocketpay.api.operations.waiting import NO_OWNER
from pocketpay.api.page_arguments import After, Before, First, Last
from pocketpay.api.pages import BY_MOMENT, Connection, Listing, connection, requested_page
from pocketpay.bank_accounts import open_returns
from pocketpay.bank_accounts.bank_return import OpenReturn

RETURNS = Listing("bank returns", NO_OWNER, BY_MOMENT)


@strawberry.type(
    description="What a bank has taken back of a completed deposit or withdrawal, while a part of it is not in the "
    "books yet: the wallet has less than the returned deposit, or the wallet is closed."
)
class BankReturn:
    returned: Money = strawberry.field(description="How much the bank has taken back.")
    outstanding: Money = strawberry.field(
        description="The part that is not in the books yet. Of a deposit: what the customer owes. Of a withdrawal: "
        "what Pocket Pay owes the customer, whose wallet is closed."
    )
    reason: str | None = strawberry.field(description="The provider's own code; null when the provider gave none.")
    opened_at: datetime = strawberry.field(description="When Pocket Pay learned of the return.")
    updated_at: datetime = strawberry.field(description="When the return last changed.")
    about: strawberry.Private[UUID]

    @classmethod
    def of(cls, one: OpenReturn) -> Self:
        now = one.bank_return
        return cls(
            returned=Money.of(money.Money(now.returned, now.currency)),
            outstanding=Money.of(money.Money(now.outstanding, now.currency)),
            reason=now.why or None,
            opened_at=one.created_at,
            updated_at=one.updated_at,
            about=now.transaction_id,
        )

    @strawberry.field(description="The deposit or withdrawal that the bank took back.")
    async def transaction(self, info: Info) -> CustomerTransaction:
        found = await CustomerTransaction.find(info, self.about)
        assert found is not None  # noqa: S101 - a foreign key guarantees it
        return found


async def open_bank_returns(
    info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
) -> Connection[BankReturn]:
    """A page of the returns of which a part is not in the books yet."""
    info.context.require_operator()
    page = requested_page(RETURNS, first, after, last, before)
    database = info.context.database
    rows = await database.query(
        open_returns.read, limit=page.fetch, after=page.after, before=page.before, backwards=page.backward
    )

    async def counted() -> int | None:
        return await database.query(open_returns.count)

    return connection(
        RETURNS,
        page,
        rows,
        place=lambda one: (one.created_at, one.bank_return.transaction_id),
        node=BankReturn.of,
        counted=counted,
    )
