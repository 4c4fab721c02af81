"""The viewer's lines in the books, newest first: `Wallet.entries`."""

from pocketpay.api.context import Info
from pocketpay.api.ledger_entry import LedgerEntry
from pocketpay.api.page_arguments import After, Before, First, Last
from pocketpay.api.pages import BY_SEQUENCE, Connection, Listing, asked, connection
from pocketpay.ledger import entries


async def viewers_entries(
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
) -> Connection[LedgerEntry]:
    """A page of the viewer's entries."""
    wallet_id, database = info.context.require_viewer().wallet_id, info.context.database
    listing = Listing("entries", wallet_id, BY_SEQUENCE)
    page = asked(listing, first, after, last, before)
    read = await database.query(
        entries.read,
        wallet_id,
        limit=page.fetch,
        older_than=entries.AFTER_THE_LAST if page.after is None else page.after,
        newer_than=entries.BEFORE_THE_FIRST if page.before is None else page.before,
        oldest_first=page.backward,
    )

    async def counted() -> int:
        return await database.query(entries.count, wallet_id)

    return connection(listing, page, read, place=lambda entry: entry.sequence, node=LedgerEntry.of, counted=counted)
