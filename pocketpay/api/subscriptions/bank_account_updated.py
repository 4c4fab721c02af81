"""The resolver of `bankAccountUpdated`: sends every change of the viewer's bank accounts."""

from collections.abc import AsyncGenerator

import strawberry

from pocketpay.api.bank_account import BankAccount
from pocketpay.api.context import Info
from pocketpay.api.since import Since, place_after


@strawberry.subscription(
    description="Sends each of the viewer's bank accounts when it is linked or changed, on any server. With "
    "`since`, the subscription first sends the bank accounts that changed after that time. Without `since`, it "
    "sends only later changes. A removed bank account is sent with the status REMOVED. Several changes of one bank "
    "account within a short time may arrive as one event with the newest state."
)
async def bank_account_updated(info: Info, since: Since = None) -> AsyncGenerator[BankAccount, None]:
    wallet_id = info.context.require_viewer().wallet_id
    accounts = info.context.services.feeds.bank_accounts
    after = await place_after(info.context, accounts, since)
    with accounts.watch(wallet_id, after) as watch:
        while True:
            yield BankAccount.of(await watch.next())
