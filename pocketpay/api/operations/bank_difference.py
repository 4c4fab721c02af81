"""The differences between the files of banks and the books."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

import strawberry

from pocketpay.api import ids
from pocketpay.api.context import Info
from pocketpay.api.money import Money
from pocketpay.api.operations.customer_transaction import CustomerTransaction
from pocketpay.api.operations.waiting import NO_OWNER
from pocketpay.api.page_arguments import After, Before, First, Last
from pocketpay.api.pages import BY_MOMENT, Connection, Listing, connection, requested_page
from pocketpay.reconciliation import listing
from pocketpay.reconciliation.difference import Difference
from pocketpay.transactions.filter import Position

DIFFERENCES = Listing("bank differences", NO_OWNER, BY_MOMENT)


@strawberry.enum(description="How a bank's file differs from the books.")
class BankDifferenceKind(Enum):
    NOT_IN_BOOKS = strawberry.enum_value(
        "not_in_books",
        description="The file has a line, and no entry of the bank account in the books has the reference of that "
        "line.",
    )
    NOT_IN_FILE = strawberry.enum_value(
        "not_in_file", description="The books have an entry on a day of the file, and no file has a line for it."
    )
    AMOUNT_DIFFERS = strawberry.enum_value(
        "amount_differs", description="The line and the entry have different amounts."
    )
    REPEATED = strawberry.enum_value(
        "repeated",
        description="An earlier line has the same reference: the bank moved the money twice, or returned it.",
    )


@strawberry.type(
    description="A difference between a bank's file and the books. An amount is positive when money came into "
    "Pocket Pay's bank account, and negative when money went out."
)
class BankDifference:
    id: strawberry.ID = strawberry.field(description="The id of the difference.")
    kind: BankDifferenceKind = strawberry.field(description="How the file differs from the books.")
    file_name: str = strawberry.field(description="The name of the file in which the difference was found.")
    line: int | None = strawberry.field(
        description="The line of a CSV file, or the position of the movement in a camt.053 file; null when the file "
        "has none."
    )
    booked_on: str | None = strawberry.field(
        description="The day in the file's line, like 2026-11-28; null when the file has no line for this difference."
    )
    reference: str | None = strawberry.field(
        description="The reference in the file's line; null when the line is missing or has no reference."
    )
    bank_amount: Money | None = strawberry.field(
        description="The amount in the file; null when the file has no line for this difference."
    )
    books_amount: Money | None = strawberry.field(
        description="The amount in the books; null when the books have no entry for this difference."
    )
    opened_at: datetime = strawberry.field(description="When the difference was found.")
    closed_at: datetime | None = strawberry.field(
        description="When the difference was closed; null while it is open."
    )
    closed_by: str | None = strawberry.field(
        description="The operator who closed the difference, or who imported the file that explained it; null "
        "while the difference is open."
    )
    reason: str | None = strawberry.field(
        description="Why the difference was closed; null while it is open. If a later file explained the "
        "difference, this is the name of that file."
    )
    about: strawberry.Private[UUID | None]

    @classmethod
    def of(cls, one: Difference) -> Self:
        return cls(
            id=ids.encode(ids.BANK_DIFFERENCE, one.id),
            kind=BankDifferenceKind[one.kind.name],
            file_name=one.file_name,
            line=one.line,
            booked_on=None if one.day is None else one.day.isoformat(),
            reference=one.reference,
            bank_amount=None if one.bank_amount is None else Money.of(one.bank_amount),
            books_amount=None if one.books_amount is None else Money.of(one.books_amount),
            opened_at=one.opened_at,
            closed_at=one.closed_at,
            closed_by=one.closed_by,
            reason=one.reason,
            about=one.transaction_id,
        )

    @strawberry.field(
        description="The transaction that the reference or the entry names; null when there is no such transaction."
    )
    async def transaction(self, info: Info) -> CustomerTransaction | None:
        return None if self.about is None else await CustomerTransaction.find(info, self.about)


async def bank_differences(
    info: Info,
    open: Annotated[
        bool | None,
        strawberry.argument(description="true: only open ones (default); false: only closed ones; null: both."),
    ] = True,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[BankDifference]:
    """A page of the differences between the files of banks and the books."""
    info.context.require_operator()
    page = requested_page(DIFFERENCES, first, after, last, before)
    database = info.context.database
    rows = await database.query(
        listing.read,
        open,
        limit=page.fetch,
        after=Position.of(page.after),
        before=Position.of(page.before),
        backwards=page.backward,
    )

    async def counted() -> int | None:
        return await database.query(listing.count, open)

    return connection(
        DIFFERENCES,
        page,
        rows,
        place=lambda one: (one.opened_at, one.id),
        node=BankDifference.of,
        counted=counted,
    )
