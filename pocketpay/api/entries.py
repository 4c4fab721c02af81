"""The viewer's lines in the books, newest first: `Wallet.entries`."""

from typing import Annotated

import strawberry

from pocketpay.api.context import Info
from pocketpay.api.ledger_entry import LedgerEntry
from pocketpay.api.pages import BY_SEQUENCE, Connection, Listing, asked, connection
from pocketpay.ledger import entries


async def viewers_entries(
    info: Info,
    first: Annotated[
        int | None, strawberry.argument(description="Number of items to return, newest first: 0 to 100, default 20.")
    ] = None,
    after: Annotated[str | None, strawberry.argument(description="Only items older than this cursor.")] = None,
    last: Annotated[
        int | None,
        strawberry.argument(
            description="Number of items to return from the oldest end: 0 to 100. Use `first` or `last`, not both."
        ),
    ] = None,
    before: Annotated[str | None, strawberry.argument(description="Only items newer than this cursor.")] = None,
) -> Connection[LedgerEntry]:
    """A page of the viewer's entries."""
    wallet_id, database = info.context.must_view().wallet_id, info.context.database
    listing = Listing("entries", wallet_id, BY_SEQUENCE)
    page = asked(listing, first, after, last, before)
    read = await database.query(
        entries.read,
        wallet_id,
        most=page.fetch,
        older_than=entries.AFTER_THE_LAST if page.after is None else page.after,
        newer_than=entries.BEFORE_THE_FIRST if page.before is None else page.before,
        oldest_first=page.backward,
    )

    async def counted() -> int:
        return await database.query(entries.count, wallet_id)

    return connection(listing, page, read, place=lambda entry: entry.sequence, node=LedgerEntry.of, counted=counted)
