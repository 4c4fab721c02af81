"""A month of the viewer's wallet: `Wallet.statement`."""

from datetime import UTC, datetime
from typing import Annotated, Self

import strawberry

from pocketpay.api.bad_input import BadUserInput
from pocketpay.api.context import Info
from pocketpay.api.ledger_entry import LedgerEntry
from pocketpay.api.money import Money
from pocketpay.api.page_arguments import After, Before, First, Last
from pocketpay.api.pages import BY_SEQUENCE, Connection, Listing, asked, connection
from pocketpay.ledger import entries, statement
from pocketpay.ledger.month import Month, NotAMonth
from pocketpay.ledger.time_zones import UTC_NAME, UnknownTimeZone


@strawberry.type(
    description="What happened in a wallet in one month, by the books. It proves itself: opening and the amounts of "
    "its entries sum to closing, and so do opening and moneyIn less moneyOut. The "
    "running month's statement is as of now; a month before the wallet is zero, one to come opens and closes with "
    "the balance now."
)
class Statement:
    month: str = strawberry.field(description='The month, like "2026-11".')
    time_zone: str = strawberry.field(description='The time zone in which the month begins and ends, like "UTC".')
    opening: Money = strawberry.field(description="The balance when the month began.")
    closing: Money = strawberry.field(description="The balance when it ended; of the running month, now.")
    known: strawberry.Private[statement.Statement]

    @classmethod
    def of(cls, known: statement.Statement) -> Self:
        return cls(
            month=str(known.month),
            time_zone=known.month.zone_name,
            opening=Money.of(known.opening.balance),
            closing=Money.of(known.closing.balance),
            known=known,
        )

    @strawberry.field(description="The sum of what came in.")
    async def money_in(self, info: Info) -> Money:
        return Money.of((await self._totals(info)).money_in)

    @strawberry.field(description="The sum of what went out, fees included; not negative.")
    async def money_out(self, info: Info) -> Money:
        return Money.of((await self._totals(info)).money_out)

    @strawberry.field(description="The part of moneyOut that was fees. A fee given back is in moneyIn.")
    async def fees(self, info: Info) -> Money:
        return Money.of((await self._totals(info)).fees)

    @strawberry.field(description="The month's entries in the order of the books, the oldest first.")
    async def entries(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[LedgerEntry]:
        known = self.known
        name = f"statement {known.month}"
        if known.month.zone_name != UTC_NAME:  # without it as before, so that older cursors remain good
            name += f" {known.month.zone_name}"
        listing = Listing(name, known.wallet_id, BY_SEQUENCE)
        page = asked(listing, first, after, last, before)
        read = await info.context.database.query(
            entries.read,
            known.wallet_id,
            most=page.fetch,
            newer_than=known.opening.sequence if page.after is None else page.after,
            older_than=known.closing.sequence + 1 if page.before is None else page.before,
            oldest_first=not page.backward,
        )

        async def counted() -> int:
            return known.entries

        return connection(
            listing, page, read, place=lambda entry: entry.sequence, node=LedgerEntry.of, counted=counted
        )

    @strawberry.field(
        description="The whole statement as a CSV file, whatever its size: a path on this server, signed, good for "
        "five minutes for whoever holds it. Its times are in the statement's time zone. Text in it is safe to open "
        "in a spreadsheet."
    )
    def csv_url(self, info: Info) -> str:
        return info.context.rooms.statement_links.link(self.known.wallet_id, self.known.month, now=datetime.now(UTC))

    async def _totals(self, info: Info) -> statement.Totals:
        return await info.context.loaders.totals.load(self.known)


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
    """The viewer's statement of that month. Raises BadUserInput."""
    wallet_id = info.context.must_view().wallet_id
    try:
        wanted = Month.parse(month, time_zone)
    except UnknownTimeZone:
        raise BadUserInput('A time zone is an IANA name, like "Europe/Berlin" or "UTC".', at=("timeZone",)) from None
    except NotAMonth:
        raise BadUserInput('A month is a year and a month, like "2026-11".', at=("month",)) from None
    found = await info.context.loaders.statements.load((wallet_id, wanted))
    assert found is not None, "a viewer has a wallet"  # noqa: S101 - a token says which
    return Statement.of(found)
