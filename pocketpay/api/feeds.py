"""The feeds behind the subscriptions. Each feed reads a change once for all subscribers of this server.

balances        by wallet          balanceChanged
awaiting        by wallet          riskConfirmationRequested
transactions    by transaction     transactionUpdated(id:)
changes         by wallet          transactionUpdated
requests        by wallet          moneyRequestUpdated
bank_accounts   by wallet          bankAccountUpdated
"""

import asyncio

from pocketpay.bank_accounts.feed import bank_account_changes
from pocketpay.database.sessions import Database
from pocketpay.requests.feed import request_changes
from pocketpay.transactions.feeds import awaiting_feed, transaction_changes, transaction_feed
from pocketpay.updates.hub import Hub
from pocketpay.wallets.reads import balance_feed


class Feeds:
    """The feeds of this server. Each one subscribes to the hub."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self.balances = balance_feed(database)
        self.awaiting = awaiting_feed(database)
        self.transactions = transaction_feed(database)
        self.changes = transaction_changes(database, hub)
        self.requests = request_changes(database, hub)
        self.bank_accounts = bank_account_changes(database, hub)
        subscribers = (
            *(self.balances, self.awaiting, self.transactions, self.changes, self.requests),
            self.bank_accounts,
        )
        for subscriber in subscribers:
            hub.join(subscriber)
        self.pumps = tuple(subscriber.pump for subscriber in subscribers)

    def start(self) -> None:
        """Starts reading the signalled changes. Needs a running event loop."""
        for pump in self.pumps:
            pump.start()

    async def close(self) -> None:
        """Stops all feeds."""
        await asyncio.gather(*(pump.close() for pump in self.pumps))
