"""The resolver of `Wallet.statement`: the statement of one month."""

from datetime import UTC, datetime
from typing import Annotated, Self

import strawberry

from pocketpay.api.bad_input import BadUserInput
from pocketpay.api.context import Info
from pocketpay.api.ledger_entry import LedgerEntry
from pocketpay.api.money import Money
from pocketpay.api.page_arguments import After, Before, First, Last
from pocketpay.api.pages import BY_SEQUENCE, Connection, Listing, connection, requested_page
from pocketpay.ledger import entries, statement
from pocketpay.ledger.month import Month, NotAMonth
from pocketpay.ledger.time_zones import UTC_NAME, UnknownTimeZone


@strawberry.type(
    description="The statement of a wallet for one calendar month in a time zone, from the ledger. The closing "
    "balance is the opening balance plus all entries, which is the same as opening plus moneyIn minus moneyOut. "
    "The statement of the current month ends now. All amounts are zero before the wallet existed; a future month "
    "opens and closes with the current balance."
)
class Statement:
    month: str = strawberry.field(description='The month, like "2026-11".')
    time_zone: str = strawberry.field(description='The time zone in which the month begins and ends, like "UTC".')
    opening: Money = strawberry.field(description="The balance at the start of the month.")
    closing: Money = strawberry.field(
        description="The balance at the end of the month; for the current month, the balance now."
    )
    record: strawberry.Private[statement.Statement]

    @classmethod
    def of(cls, record: statement.Statement) -> Self:
        return cls(
            month=str(record.month),
            time_zone=record.month.zone_name,
            opening=Money.of(record.opening.balance),
            closing=Money.of(record.closing.balance),
            record=record,
        )

    @strawberry.field(description="The total of all credits.")
    async def money_in(self, info: Info) -> Money:
        return Money.of((await self._totals(info)).money_in)

    @strawberry.field(description="The total of all debits, including fees; never negative.")
    async def money_out(self, info: Info) -> Money:
        return Money.of((await self._totals(info)).money_out)

    @strawberry.field(description="The fees in moneyOut. A refunded fee is in moneyIn.")
    async def fees(self, info: Info) -> Money:
        return Money.of((await self._totals(info)).fees)

    @strawberry.field(description="The ledger entries of the month, oldest first.")
    async def entries(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[LedgerEntry]:
        record = self.record
        name = f"statement {record.month}"
        if record.month.zone_name != UTC_NAME:  # UTC has no suffix, so that older cursors stay valid
            name += f" {record.month.zone_name}"
        listing = Listing(name, record.wallet_id, BY_SEQUENCE)
        page = requested_page(listing, first, after, last, before)
        read = await info.context.database.query(
            entries.read,
            record.wallet_id,
            limit=page.fetch,
            newer_than=record.opening.sequence if page.after is None else page.after,
            older_than=record.closing.sequence + 1 if page.before is None else page.before,
            oldest_first=not page.backward,
        )

        async def counted() -> int:
            return record.entries

        return connection(
            listing, page, read, place=lambda entry: entry.sequence, node=LedgerEntry.of, counted=counted
        )

    @strawberry.field(
        description="A signed path on this server to the whole statement as a CSV file of any size. It is valid for "
        "five minutes and needs no token, so keep it secret. Its times are in the statement's time zone. The text "
        "is safe to open in a spreadsheet."
    )
    def csv_url(self, info: Info) -> str:
        return info.context.services.statement_links.link(
            self.record.wallet_id, self.record.month, now=datetime.now(UTC)
        )

    async def _totals(self, info: Info) -> statement.Totals:
        return await info.context.loaders.totals.load(self.record)


async def viewers_statement(
    info: Info,
    month: Annotated[str, strawberry.argument(description='A month, like "2026-11".')],
    time_zone: Annotated[
        str,
        strawberry.argument(
            description='The IANA name of the time zone in which the month begins and ends, like "Europe/Berlin".'
        ),
    ] = UTC_NAME,
) -> Statement:
    """The viewer's statement for a month. Raises BadUserInput when the month or the time zone is not valid."""
    wallet_id = info.context.require_viewer().wallet_id
    try:
        requested = Month.parse(month, time_zone)
    except UnknownTimeZone:
        raise BadUserInput('A time zone is an IANA name, like "Europe/Berlin" or "UTC".', at=("timeZone",)) from None
    except NotAMonth:
        raise BadUserInput('A month has the form "2026-11": year and month.', at=("month",)) from None
    found = await info.context.loaders.statements.load((wallet_id, requested))
    assert found is not None, "a viewer has a wallet"  # noqa: S101 - the access token has its id
    return Statement.of(found)
