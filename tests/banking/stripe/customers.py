"""A customer of a bank on Stripe, in tests: the bank, the stand-in for Stripe, and links and orders."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.banking.bank import BankOrder, BankReply, BankUse, Link, LinkStatus
from pocketpay.banking.stripe import repository
from pocketpay.banking.stripe.bank import StripeBank
from pocketpay.banking.stripe.kinds import Kind, Stored
from pocketpay.database.sessions import Database
from pocketpay.money import Money
from tests.stripe_stand_in.client import client_of
from tests.stripe_stand_in.customers import Platform
from tests.stripe_stand_in.faults import Fault, Ordered
from tests.stripe_stand_in.stand_in import KEY, stand_in

APP = "https://app.example.test/bank-accounts"
DAY = 86_400.0


def new_id(*, seconds_ago: float = 0.0) -> UUID:
    """Returns a UUIDv7 that was created some seconds ago."""
    made = int((time.time() - seconds_ago) * 1000)
    return UUID(int=(made << 80) | (uuids.uuid7().int & ((1 << 80) - 1)))


@dataclass
class Customer:
    """A bank, and one customer with both kinds of links."""

    platform: Platform
    database: Database
    bank: StripeBank
    user_id: UUID

    def server(self, *, key: str = KEY) -> StripeBank:
        """Returns the bank of another server on the same database."""
        client = client_of(self.platform.stand_in, key=key)
        return StripeBank.of(client, self.database, APP)

    def link(self, use: BankUse, currency: str = "USD") -> Link:
        return Link(uuids.uuid7(), self.user_id, "ada@example.test", currency, use)

    async def deposit_link(self, currency: str = "USD") -> Link:
        """Returns an active link for deposits."""
        link = self.link(BankUse.DEPOSIT, currency)
        opened = await self.bank.open_link(link)
        self.platform.act("checkout", opened.state.reference, "finish")
        assert (await self.bank.link_state(link)).status is LinkStatus.ACTIVE
        return replace(link, reference=opened.state.reference)

    async def withdrawal_link(self, currency: str = "USD", outcome: str = "finished") -> Link:
        """Returns a link for withdrawals after the onboarding."""
        link = self.link(BankUse.WITHDRAWAL, currency)
        opened = await self.bank.open_link(link)
        self.platform.act("accounts", self.account(opened.state.reference), "onboard", outcome=outcome)
        return replace(link, reference=opened.state.reference)

    def account(self, reference: str) -> str:
        return reference.split("/")[0]

    def order(
        self, link: Link | None, minor: int = 1_000, *, seconds_ago: float = 0.0, instant: bool = False
    ) -> BankOrder:
        currency = "USD" if link is None else link.currency
        return BankOrder(new_id(seconds_ago=seconds_ago), Money(minor, currency), "", instant, link)

    def fault(self, fault: Fault, match: str = "*", times: int = 1) -> None:
        self.platform.stand_in.api.faults.ordered.append(Ordered(fault, match, times))

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """Returns all of Stripe's objects of a kind, newest first."""
        return self.platform.stand_in.world.store.newest_first(kind)

    def add_copies(self, made: dict[str, Any], number: int) -> None:
        """Adds newer objects that are like this one, of other orders."""
        store = self.platform.stand_in.world.store
        for one in range(number):
            other = str(new_id())
            more = {"transfer_group": other} if "transfer_group" in made else {}
            copy = made | {"id": f"{made['id']}{one}", "metadata": {"transaction_id": other}} | more
            store.put(copy, store.account_of(made["id"]))

    def forget_keys(self) -> None:
        """Stripe forgets every idempotency key, as it does after a day."""
        self.platform.stand_in.world.store.forget_keys(2**40)

    async def end_leases(self) -> None:
        """The time passes for which a server alone may create an object."""
        async with self.database.write() as session:
            await session.execute("update stripe_objects set busy_until = null where stripe_id is null")

    async def stored(self, owner_id: UUID) -> dict[Kind, Stored]:
        return await self.database.query(repository.of_owners, owner_id)

    async def collected(self, order: BankOrder) -> BankReply:
        return (await self.bank.collect(order)).reply

    async def paid_out(self, order: BankOrder) -> BankReply:
        return (await self.bank.payout(order)).reply


@asynccontextmanager
async def customer_of(database: Database) -> AsyncIterator[Customer]:
    """Provides a customer at a new stand-in in this process, whose money must add up in the end."""
    made = stand_in()
    try:
        platform = Platform.of(made)
        yield Customer(platform, database, StripeBank.of(client_of(made), database, APP), uuids.uuid7())
        platform.top_up(1)
        platform.bank()
    finally:
        made.close()
