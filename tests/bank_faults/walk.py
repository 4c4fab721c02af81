"""A walk: customers, two servers and the stand-in, in one process and one database.

The servers are real, from the webhook's endpoint and the payments' rules down to the tables. Between them and the
stand-in is Stripe's library. After the steps the walk lets everything come to rest, and then compares three accounts
of the money: the books, the stand-in's own total, and what the banks did about each order.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any
from unittest import mock
from uuid import UUID

import httpx

from pocketpay.bank_accounts.bank_account import Provider
from pocketpay.banking.bank import BankUse
from pocketpay.banking.stripe import once
from pocketpay.banking.stripe.bank import StripeBank
from pocketpay.database import uuids
from pocketpay.database.failures import ServiceBusy
from pocketpay.errors import Refusal
from pocketpay.payments.deposit import deposit
from pocketpay.payments.desk import Desk
from pocketpay.payments.fees import Speed
from pocketpay.payments.link_bank_account import link_bank_account
from pocketpay.payments.remove_bank_account import remove_bank_account
from pocketpay.payments.settle import Settle
from pocketpay.payments.sweeper import cover_returns, poll_links, poll_settled, poll_unsettled
from pocketpay.payments.withdraw import withdraw
from pocketpay.serving.stripe_webhooks import StripeWebhooks
from tests.bank_faults import truth
from tests.bank_faults.steps import (
    PEOPLE,
    BankActs,
    Deliver,
    Forge,
    Hours,
    Order,
    Plan,
    Relink,
    Repeat,
    SendAgain,
    Step,
    Sweep,
    TopUp,
    Trouble,
    Way,
)
from tests.databases import Dsns
from tests.payments.customers import Person, Records, new_key, open_desk, person, records_of, without_risk_rules
from tests.stripe_stand_in import control
from tests.stripe_stand_in.client import client_of
from tests.stripe_stand_in.faults import Ordered
from tests.stripe_stand_in.progress import settle_due
from tests.stripe_stand_in.stand_in import WEBHOOK_SECRET, StandIn, stand_in
from tests.stripe_stand_in.store import Object
from tests.stripe_stand_in.total import total
from tests.stripe_stand_in.webhooks import Delivery

RETURN_URL = "https://pay.example/bank-accounts"

LIMITS = {"deposit_limit": "USD:1000000.00,JPY:1", "withdrawal_limit": "USD:1000000.00,JPY:1"}
"""Limits that no walk reaches: the model of the rules is tested elsewhere."""

FUNDS = 3_000
"""What everybody has paid in before the walk, in minor units."""

REST_ROUNDS = 12
"""The most rounds until everything is at rest. An order needs at most a few: a search, a creation, an ending."""

DUE = (
    "update transactions set ask_again_at = now() - interval '1 minute' where status = 'created'",
    "update bank_orders set next_check_at = now() - interval '1 minute' where next_check_at is not null",
    "update bank_accounts set next_check_at = now() - interval '1 minute' where next_check_at is not null",
    "update stripe_objects set busy_until = now() - interval '1 minute' where busy_until is not null",
)
"""Minutes pass: everything is due, and the leases of dead servers are over."""

ORDERS = """
select t.id, t.type, t.status, t.amount, t.fee, t.refunded, coalesce(r.outstanding, 0) as outstanding,
    coalesce(t.source_wallet_id, t.destination_wallet_id) as wallet_id
from transactions t left join bank_returns r on r.transaction_id = t.id where t.type in ('deposit', 'withdrawal')
"""
ACCOUNTS = "select id, posted, held from ledger_accounts where kind = 'wallet'"
BANK = "select coalesce(sum(amount), 0) from ledger_entries where kind = 'bank' and currency = 'USD'"


POSSIBLE = {
    "settle": ("payment_intent", ("processing",)),
    "decline": ("payment_intent", ("processing",)),
    "dispute": ("charge", ("succeeded",)),
    "open_dispute": ("charge", ("succeeded",)),
    "win": ("dispute", ("needs_response",)),
    "lose": ("dispute", ("needs_response",)),
    "send": ("payout", ("pending",)),
    "pay": ("payout", ("pending", "in_transit")),
    "fail": ("payout", ("pending", "in_transit", "paid")),
}
"""The objects of the stand-in, and their statuses, for which a bank can do something."""


@dataclass(frozen=True)
class GivenOrder:
    """An order that a customer gave."""

    order: Order
    key: str
    bank_account_id: UUID


@dataclass
class Walk:
    """A walk. `figures` counts what happened."""

    stand_in: StandIn
    desks: list[Desk]
    records: Records
    chance: random.Random
    people: list[Person] = field(default_factory=list)
    links: dict[tuple[int, Way], UUID] = field(default_factory=dict)
    given: list[GivenOrder] = field(default_factory=list)
    hours: int = 0
    figures: Counter[str] = field(default_factory=Counter)

    async def prepare(self) -> None:
        self.people = [await person(self.desks[0]) for _ in range(PEOPLE)]
        for who in range(PEOPLE):
            for way in ("deposit", "withdrawal"):
                await self._link(who, way)
            await self._take(Order(who, "deposit", FUNDS))
            self._bank_acts(BankActs("settle", 0))
            await self.stand_in.sender.send()

    async def take(self, steps: Sequence[Step]) -> None:
        for step in steps:
            await self._take(step)

    async def _take(self, step: Step) -> None:
        world = self.stand_in.world
        match step:
            case Order():
                await self._order(step)
            case Repeat(pick) if self.given:
                await self._send(self.given[pick % len(self.given)])
            case BankActs():
                self._bank_acts(step)
            case Plan(who, outcome):
                method = self._method_of(who)
                if method is not None:
                    world.store.set_plan(method, {"outcome": outcome})
            case Trouble(fault, match, times):
                self.stand_in.api.faults.ordered.append(Ordered(fault, match, times))
            case Deliver(delivery):
                self.figures["events"] += await self.stand_in.sender.send(delivery)
            case SendAgain(pick):
                events = world.store.newest_first("event")
                await self.stand_in.sender.send_again(events[pick % len(events)]["id"])
                self.figures["events"] += 1
            case Forge(pick):
                await self._forge(pick)
            case Sweep(both, turns):
                await self._pass_minutes()
                swept = [self._sweep(desk) for desk in (self.desks if both else self.desks[:1])]
                await self._until_death(asyncio.gather(*swept, self.stand_in.sender.send(Delivery.SHUFFLED)), turns)
            case Hours(hours):
                self.hours += hours
                world.store.set("clock_ahead", self.hours * 3_600)
                await self._pass_minutes()
            case TopUp(amount):
                control.top_up(world, amount, "usd")
            case Relink(who, way):
                await self._relink(who, way)

    async def rest(self) -> None:
        """Lets the banks end everything, the network recover and the servers sweep, until nothing changes."""
        faults = self.stand_in.api.faults
        faults.ordered.clear()
        control.top_up(self.stand_in.world, 1_000_000, "usd")
        for _ in range(REST_ROUNDS):
            self._end_disputes()
            with self.stand_in.world.store.transaction():
                settle_due(self.stand_in.world, float("inf"))
            await self._pass_minutes()
            self.figures["events"] += await self.stand_in.sender.send(Delivery.SHUFFLED)
            for desk in self.desks:
                await self._sweep(desk)
            if await self._is_at_rest():
                return
            # An answer of 500 is repeated for a day. After it, the order is searched for and created again.
            await self._take(Hours(25))
        raise AssertionError(f"lost: {await self._open_orders()}, {total(self.stand_in.world)['open']}")

    async def compare(self) -> None:
        """Compares the books with the stand-in's total and with what the banks did about each order."""
        world = self.stand_in.world
        found = total(world)
        assert found["is_conserved"]
        usd: Object = found["currencies"].get("usd", {"bank": 0, "topped_up": 0, "balances": {}})
        bank, outstanding = (
            await self.records.count(BANK),
            await self.records.count("select coalesce(sum(outstanding), 0)::bigint from bank_returns"),
        )
        assert usd["bank"] == -bank - outstanding
        assert not any(amount for account, amount in usd["balances"].items() if account), "money lies in an account"
        orders = {row["id"]: row for row in await self.records.connection.fetch(ORDERS)}
        assert set(truth.orders_of(world)) <= orders.keys(), "money moved without an order"
        self._compare_orders(orders)
        await self._compare_wallets(orders)
        assert await self.records.findings() == []

    # ------------------------------------------------------------ steps

    async def _link(self, who: int, way: Way) -> None:
        """Links a bank account by the hosted pages, and lets its events arrive."""
        whose = self.people[who]
        faults, self.stand_in.api.faults.ordered = self.stand_in.api.faults.ordered, []
        use = BankUse.DEPOSIT if way == "deposit" else BankUse.WITHDRAWAL
        opened = await link_bank_account(self.desks[0], whose.wallet_id, whose.user_id, use, raw_key=new_key())
        self.links[who, way] = opened.account.id
        if opened.url is not None and way == "deposit":
            control.act(self.stand_in.world, "checkout", opened.url.rpartition("/")[2], "finish", {})
        elif opened.url is not None:
            page = self.stand_in.world.store.page(opened.url.rpartition("/")[2])
            assert page is not None
            control.act(self.stand_in.world, "accounts", page[1], "onboard", {})
        await self.stand_in.sender.send()
        self.stand_in.api.faults.ordered = faults

    async def _order(self, order: Order) -> None:
        given = GivenOrder(order, new_key(), self.links[order.who, order.way])
        self.given.append(given)
        self.figures["orders"] += 1
        await self._until_death(self._send(given), order.turns)

    async def _send(self, given: GivenOrder) -> None:
        order, desk = given.order, self.chance.choice(self.desks)
        wallet_id, amount = self.people[order.who].wallet_id, f"{order.amount / 100:.2f}"
        with suppress(Refusal, ServiceBusy):
            if order.way == "deposit":
                await deposit(
                    desk,
                    wallet_id,
                    raw_amount=amount,
                    raw_bank_name=None,
                    bank_account_id=given.bank_account_id,
                    raw_key=given.key,
                )
            else:
                await withdraw(
                    desk,
                    wallet_id,
                    raw_amount=amount,
                    raw_bank_name=None,
                    bank_account_id=given.bank_account_id,
                    speed=Speed.INSTANT if order.instant else Speed.STANDARD,
                    raw_key=given.key,
                )

    async def _until_death(self, work: Awaitable[object], turns: int | None) -> None:
        """Runs it. With `turns`, it is cut off after so many turns of the event loop, as by the death of a server."""
        running = asyncio.ensure_future(work)
        if turns is not None:
            for _ in range(turns):
                await asyncio.sleep(0)
            if not running.done():
                self.figures["cut off"] += 1
            running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        if turns is not None:
            await self._wait_for_commits()

    async def _wait_for_commits(self) -> None:
        """Waits for units of work that were sent before the death: a commit is never cancelled (decision 24)."""
        for desk in self.desks:
            with suppress(Refusal):
                await desk.submit(Settle(self.people[0].wallet_id, uuids.uuid7(), settled=True))

    async def _sweep(self, desk: Desk) -> None:
        await poll_unsettled(desk)
        await poll_settled(desk)
        await poll_links(desk)
        await cover_returns(desk)

    async def _pass_minutes(self) -> None:
        for statement in DUE:
            await self.records.connection.execute(statement)

    async def _relink(self, who: int, way: Way) -> None:
        with suppress(Refusal, ServiceBusy):
            await remove_bank_account(self.desks[0], self.people[who].wallet_id, self.links[who, way])
            await self._link(who, way)

    async def _forge(self, pick: int) -> None:
        events = self.stand_in.world.store.newest_first("event")
        before = await self.records.checksum()
        statuses = await self.stand_in.sender.forge(events[pick % len(events)])
        self.figures["forged"] += len(statuses)
        assert set(statuses) == {400}
        assert await self.records.checksum() == before

    def _bank_acts(self, step: BankActs) -> None:
        """The banks do what is possible; a verb that fits nothing does nothing."""
        kind, statuses = POSSIBLE[step.verb]
        found = [
            one
            for one in self.stand_in.world.store.newest_first(kind)
            if one["status"] in statuses and not one.get("disputed")
        ]
        if not found:
            return
        one = found[step.pick % len(found)]
        verb: str = step.verb
        given: Object = {}
        if verb in ("dispute", "open_dispute"):
            status = "lost" if verb == "dispute" else "needs_response"
            verb, given = "dispute", {"amount": max(1, one["amount"] * step.part // 100), "status": status}
        elif verb in ("win", "lose"):
            verb, given = "close", {"status": "won" if verb == "win" else "lost"}
        control.act(self.stand_in.world, f"{kind}s", one["id"], verb, given)
        self.figures["acts of banks"] += 1

    def _end_disputes(self) -> None:
        for number, one in enumerate(self.stand_in.world.store.newest_first("dispute")):
            if one["status"] == "needs_response":
                status = "won" if number % 2 else "lost"
                control.act(self.stand_in.world, "disputes", one["id"], "close", {"status": status})

    def _method_of(self, who: int) -> str | None:
        """Returns the payment method that the customer linked last."""
        wanted = str(self.links[who, "deposit"])
        for session in self.stand_in.world.store.newest_first("checkout.session"):
            if session["client_reference_id"] == wanted:
                setup = self.stand_in.world.store.get(session["setup_intent"])
                return None if setup is None else setup["payment_method"]
        return None

    # ------------------------------------------------------------ comparison

    async def _is_at_rest(self) -> bool:
        known = {**truth.deposits(self.stand_in.world), **truth.withdrawals(self.stand_in.world)}
        return (
            not await self._open_orders()
            and not any(one.is_open for one in known.values())
            and not self.stand_in.world.store.queued()
        )

    async def _open_orders(self) -> list[UUID]:
        return [
            row["id"]
            for row in await self.records.connection.fetch("select id from transactions where status = 'created'")
        ]

    def _compare_orders(self, orders: dict[UUID, Any]) -> None:
        """Each order ended as at its bank, and what came back is refunded or outstanding."""
        known = {"deposit": truth.deposits(self.stand_in.world), "withdrawal": truth.withdrawals(self.stand_in.world)}
        for id, row in orders.items():
            done = known[row["type"]].get(id, truth.BankTruth())
            if row["status"] == "completed":
                assert done.moved == row["amount"], (id, done)
                back = row["refunded"] + row["outstanding"]
                fee = row["fee"] if row["type"] == "withdrawal" and done.returned else 0
                assert back == done.returned + fee, (id, done, dict(row))
            else:
                assert row["status"] in ("failed", "blocked"), (id, row["status"])
                assert done.kept == 0, (id, done)
            self.figures[f"{row['type']}s {row['status']}"] += 1
            self.figures["returned"] += bool(done.returned)

    async def _compare_wallets(self, orders: dict[UUID, Any]) -> None:
        """A wallet has what the banks brought, less what they took and the fees, and never less than nothing."""
        expected: Counter[UUID] = Counter()
        for row in orders.values():
            if row["status"] == "completed":
                sign = 1 if row["type"] == "deposit" else -1
                expected[row["wallet_id"]] += sign * (row["amount"] + row["fee"] - row["refunded"])
        for account in await self.records.connection.fetch(ACCOUNTS):
            assert account["posted"] == expected[account["id"]] >= 0
            assert account["held"] == 0


@asynccontextmanager
async def walking(dsns: Dsns, seed: int = 0) -> AsyncIterator[Walk]:
    """Opens two servers and a stand-in over an empty database, with people who have linked their bank accounts."""
    async with AsyncExitStack() as stack:
        made = stand_in(webhook="http://pay.test/webhooks/stripe")
        stack.callback(made.close)
        desks = [await stack.enter_async_context(_server(dsns, made)) for _ in range(2)]
        records = await stack.enter_async_context(records_of(dsns.server, dsns.owner))
        made.sender.chance = random.Random(seed)
        made.sender.client = await stack.enter_async_context(_webhook(desks[1]))
        walk = Walk(made, desks, records, random.Random(seed))
        clock = SimpleNamespace(time=lambda: time.time() + walk.hours * 3_600)
        stack.enter_context(mock.patch.object(once, "time", clock))
        await walk.prepare()
        yield walk


@asynccontextmanager
async def _server(dsns: Dsns, made: StandIn) -> AsyncIterator[Desk]:
    async with open_desk(dsns.server, without_risk_rules(**LIMITS)) as desk:
        bank = StripeBank.of(client_of(made), desk.database, RETURN_URL)
        yield replace(desk, bank=bank, provider=Provider.STRIPE)
        await bank.close()


def _webhook(desk: Desk) -> httpx.AsyncClient:
    """Returns a client of the endpoint for Stripe's events of that server."""
    metrics = SimpleNamespace(counters=lambda *_: None, refused=lambda *_: None)
    context: Any = SimpleNamespace(services=SimpleNamespace(desk=desk), metrics=metrics)
    settings: Any = SimpleNamespace(webhook_secrets=(WEBHOOK_SECRET,), body_seconds=30.0)
    app: Any = StripeWebhooks(context, settings, Counter())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app))
