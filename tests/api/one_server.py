"""A server without HTTP: clearing, listener, hub and feeds. Two of them on one database act as two servers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.api.feeds import Feeds
from pocketpay.banking.simulated_bank import SimulatedBank
from pocketpay.clearing.queue import Clearing
from pocketpay.clearing.terms import Terms
from pocketpay.database.sessions import Database
from pocketpay.ledger.repository.postings import ensure_house_accounts
from pocketpay.payments import cancel, confirm, deposit, refund, transfer
from pocketpay.payments.desk import Desk
from pocketpay.payments.resolve import Resolver
from pocketpay.risk.rule import RuleAction
from pocketpay.settings import Settings
from pocketpay.transactions.transaction import Transaction
from pocketpay.updates.hub import Hub
from pocketpay.updates.listener import Listener


@dataclass(frozen=True)
class OneServer:
    database: Database
    desk: Desk
    hub: Hub
    feeds: Feeds
    listener: Listener

    async def deposit(self, wallet_id: UUID, amount: str) -> Transaction:
        answer = await deposit.deposit(
            self.desk, wallet_id, raw_amount=amount, raw_bank_name="First", raw_key=uuids.uuid7().hex
        )
        return answer.transaction

    async def send(self, wallet_id: UUID, to: str, amount: str) -> Transaction:
        answer = await transfer.transfer(
            self.desk, wallet_id, raw_to=to, raw_amount=amount, raw_description="Lunch", raw_key=uuids.uuid7().hex
        )
        return answer.transaction

    async def refund(self, wallet_id: UUID, transaction_id: UUID, amount: str | None) -> Transaction:
        answer = await refund.refund(
            self.desk, wallet_id, transaction_id, raw_amount=amount, raw_reason="Sorry", raw_key=uuids.uuid7().hex
        )
        return answer.transaction

    async def confirm(self, wallet_id: UUID, transaction_id: UUID) -> Transaction:
        return (await confirm.confirm(self.desk, wallet_id, transaction_id)).transaction

    async def cancel(self, wallet_id: UUID, transaction_id: UUID) -> Transaction:
        return (await cancel.cancel(self.desk, wallet_id, transaction_id)).transaction


@asynccontextmanager
async def serving(dsn: str, *, confirm_all: bool = False, heartbeat_seconds: float = 5.0) -> AsyncIterator[OneServer]:
    """A server on a database. With `confirm_all` every payment waits for confirmation; without it none does."""
    settings = Settings.model_validate(
        {
            "large_transfer_threshold": "0.01",
            "large_transfer_action": RuleAction.CONFIRM if confirm_all else RuleAction.OFF,
            "new_recipient_action": RuleAction.OFF,
            "rapid_transfer_action": RuleAction.OFF,
        }
    )
    database = await Database.open(dsn)
    async with database.write() as session:
        house = await ensure_house_accounts(session, ["USD"])
    clearing = Clearing(database, Terms.of(settings), house)
    await clearing.start()
    hub = Hub()
    feeds = Feeds(database, hub)
    feeds.start()
    listener = Listener(database.connect, hub, heartbeat_seconds=heartbeat_seconds)
    await listener.start()
    desk = Desk(database, clearing, Resolver(database), SimulatedBank())
    try:
        yield OneServer(database, desk, hub, feeds, listener)
    finally:
        await listener.close()
        await feeds.close()
        await clearing.close()
        await database.close()
