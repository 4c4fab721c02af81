"""The resolver of `Query.bankAccounts`: the viewer's linked bank accounts, newest first."""

import strawberry

from pocketpay.api.bank_account import BankAccount
from pocketpay.api.context import Info
from pocketpay.api.page_arguments import After, Before, First, Last
from pocketpay.api.pages import BY_MOMENT, Connection, Listing, connection, requested_page
from pocketpay.bank_accounts import listing


@strawberry.field(description="The viewer's linked bank accounts, newest first, without the removed ones.")
async def bank_accounts(
    info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
) -> Connection[BankAccount]:
    wallet_id = info.context.require_viewer().wallet_id
    list_ = Listing("bankAccounts", wallet_id, BY_MOMENT)
    page = requested_page(list_, first, after, last, before)
    database = info.context.database
    rows = await database.query(
        listing.read,
        wallet_id,
        limit=page.fetch,
        older_than=page.after,
        newer_than=page.before,
        backwards=page.backward,
    )

    async def counted() -> int | None:
        return await database.query(listing.count, wallet_id)

    return connection(list_, page, rows, place=listing.place, node=BankAccount.of, counted=counted)
