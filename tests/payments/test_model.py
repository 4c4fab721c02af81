"""Long walks of chance: after every step the product and a model on paper say the same."""

import asyncio
import hashlib
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import uuid_utils.compat as uuids

from pocketpay.errors import Refusal
from pocketpay.ledger.account import Account, Entry
from pocketpay.ledger.house import House, HouseKind
from pocketpay.money import Money
from pocketpay.payments.book import Book, KeptKey
from pocketpay.payments.cancel import Cancel
from pocketpay.payments.confirm import Confirm
from pocketpay.payments.deposit import AcceptDeposit
from pocketpay.payments.desk import Desk
from pocketpay.payments.errors import WrongState
from pocketpay.payments.expire import Expire
from pocketpay.payments.fees import Speed
from pocketpay.payments.instruction import Answer, Instruction, Key
from pocketpay.payments.lifecycle import Status
from pocketpay.payments.limits import KIND_OF, LimitKind, counts
from pocketpay.payments.settle import Settle
from pocketpay.payments.terms import Terms
from pocketpay.payments.transaction import Transaction
from pocketpay.payments.transfer import Transfer
from pocketpay.payments.unit import Result, _decide
from pocketpay.payments.withdraw import AcceptWithdrawal
from pocketpay.risk.rules import Policy
from pocketpay.settings import RuleAction
from pocketpay.wallets.balance import Freeze, Standing, WalletStatus
from tests.conftest import Dsns
from tests.payments.customers import Records, open_desk, people, records_of
from tests.payments.model import (
    BankSays,
    BringIn,
    Customer,
    Model,
    Order,
    Pay,
    Payment,
    PayOut,
    Purse,
    SayNo,
    SayYes,
    Told,
)

NAMES = ("ada", "bob", "cyd", "dan", "eve")
STATES = ("active",) * 6 + ("debits", "all", "closed")
HOUR_AND_MORE = timedelta(minutes=61)
DAY_AND_MORE = timedelta(hours=25)


KINDS = {"in": LimitKind.DEPOSIT_DAILY, "out": LimitKind.WITHDRAWAL_DAILY, "pay": LimitKind.TRANSFER_DAILY}


def terms_of(model: Model) -> Terms:
    rules = model.house
    action = {rule: RuleAction(said) for rule, said in rules.actions.items()}
    policy = Policy(
        large_threshold={"USD": Money(rules.threshold, "USD")},
        large=action["large_transfer"],
        new_recipient=action["new_recipient"],
        rapid_count=rules.many,
        rapid_window_minutes=60,
        rapid=action["rapid_transfers"],
    )
    limits = {kind: {"USD": Money(rules.a_day[name], "USD")} for name, kind in KINDS.items()}
    return Terms(
        policy,
        timedelta(minutes=15),
        rules.most_waiting,
        limits,
        instant_fee_bps=150,
        request_life=timedelta(days=30),
        most_open_requests=5,
        most_requests_a_day=50,
        most_cards=20,
    )


def instruction_of(order: Order, wallets: dict[str, UUID], payees: dict[UUID, str | None]) -> Instruction:
    """The order as the product understands it."""
    wallet_id = wallets[order.who]
    if isinstance(order, Pay | BringIn | PayOut):
        money = Money(order.amount, "USD")
        operation = {Pay: "transfer", BringIn: "deposit", PayOut: "withdraw"}[type(order)]
        said = order._replace(id=None, who="", key="")  # type: ignore[arg-type]
        fingerprint = hashlib.sha256(f"{operation} {said}".encode()).digest()
        key = Key(wallet_id, order.key, operation, fingerprint)
        if isinstance(order, BringIn):
            return AcceptDeposit(order.id, wallet_id, money, "First Bank", key)
        if isinstance(order, PayOut):
            speed = Speed.INSTANT if order.fast else Speed.STANDARD
            return AcceptWithdrawal(order.id, wallet_id, money, "First Bank", speed, key)
        return Transfer(order.id, wallet_id, None if order.to is None else wallets[order.to], money, "Lunch", key)
    if isinstance(order, BankSays):
        return Settle(wallet_id, order.id, order.yes)
    if isinstance(order, SayYes):
        payee = payees.get(order.id)
        return Confirm(wallet_id, None if payee is None else wallets[payee], order.id)
    return Cancel(wallet_id, order.id) if isinstance(order, SayNo) else Expire(wallet_id, order.id)


def payees(model: Model, orders: Sequence[Order]) -> dict[UUID, str | None]:
    """Who is paid, also by the payments that are ordered just now."""
    known = {id: one.to for id, one in model.payments.items() if one.kind == "pay"}
    return known | {order.id: order.to for order in orders if isinstance(order, Pay)}


def heard(result: Result | BaseException) -> Told:
    if isinstance(result, Answer):
        why = None if result.refusal is None else result.refusal.code
        return Told(result.transaction.id, result.transaction.status.value, why, result.replayed)
    if isinstance(result, Refusal):
        return Told(None, result.status.value if isinstance(result, WrongState) else None, result.code)
    raise result


def adopt(model: Model, payment: Payment, status: str) -> None:
    """Somebody else's overdue payment ends with this unit of work or with the next sweep: either is right."""
    if payment.lapsed and payment.status == "pending_confirmation" and status == "expired":
        model.end(payment, "expired")


# ---------------------------------------------------------------- without a database


@dataclass
class Tables:
    """What the database would keep, in memory, and what a look at it would find."""

    wallets: dict[str, UUID]
    now: datetime = datetime(2026, 11, 22, tzinfo=UTC)
    accounts: dict[UUID, Account] = field(default_factory=dict)
    standings: dict[UUID, Standing] = field(default_factory=dict)
    transactions: dict[UUID, Transaction] = field(default_factory=dict)
    keys: dict[tuple[UUID, str], KeptKey] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    sent: dict[UUID, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    ordered: dict[UUID, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    usage: dict[tuple[UUID, LimitKind], int] = field(default_factory=lambda: defaultdict(int))
    house: House = field(default_factory=lambda: House.of([(uuids.uuid7(), kind.value, "USD") for kind in HouseKind]))

    def carry_out(self, instructions: Sequence[Instruction], terms: Terms) -> list[Result | BaseException]:
        """As a unit of work does, without the database."""
        self.now += timedelta(seconds=1)
        book = self._look(instructions, terms)
        results: list[Result | BaseException] = [_decide(book, one, one.footprint) for one in instructions]
        for account in book.touched.values():
            account.updated_at = self.now
        for transaction in book.inserted.values():
            self.ordered[transaction.anchor].append(transaction.id)
            if transaction.destination_wallet_id is not None and transaction.source_wallet_id is not None:
                self.sent[transaction.source_wallet_id].append(transaction.id)
        self.entries += book.entries
        for (wallet_id, kind, _), change in book.written_usage.items():
            self.usage[wallet_id, kind] += change
        return results

    def _look(self, instructions: Sequence[Instruction], terms: Terms) -> Book:
        ordering = {one.footprint.wallet_id for one in instructions}
        locked = ordering | {one.footprint.payee_id for one in instructions if one.footprint.payee_id is not None}
        book = Book(self.now, terms, self.house, self.accounts, self.standings, self.keys, self.transactions)
        overdue = []
        for wallet_id in ordering:
            mine = [self.transactions[id] for id in self.sent[wallet_id]]
            waiting = [one for one in mine if one.status is Status.PENDING_CONFIRMATION]
            overdue += [one for one in waiting if self._overdue(one)]
            book.pending[wallet_id] = len(waiting)
            book.recent[wallet_id] = sum(
                one.created_at > self.now - timedelta(hours=1)
                and (one.status is Status.COMPLETED or (one in waiting and not self._overdue(one)))
                for one in mine
            )
            for one in mine:
                if one.status is Status.COMPLETED and one.destination_wallet_id is not None:
                    book.known_payees.add((wallet_id, one.destination_wallet_id))
        for wallet_id in ordering:
            self._look_at_limits(book, wallet_id)
        if overdue:
            others = [self.transactions[id] for wallet_id in locked - ordering for id in self.sent[wallet_id]]
            overdue += [one for one in others if one.status is Status.PENDING_CONFIRMATION and self._overdue(one)]
        for late in overdue:
            book.apply(Expire(late.anchor, late.id).decide(book))
        return book

    def _look_at_limits(self, book: Book, wallet_id: UUID) -> None:
        mine = [self.transactions[id] for id in self.ordered[wallet_id]]
        for kind in LimitKind:
            today = [one for one in mine if counts(one) and KIND_OF.get(one.type) is kind and self._of_today(one)]
            book.used[wallet_id, kind] = sum(one.amount.minor for one in today)

    def _of_today(self, one: Transaction) -> bool:
        return one.created_at > self.now - timedelta(hours=24)

    def _overdue(self, waiting: Transaction) -> bool:
        return waiting.expires_at is not None and waiting.expires_at <= self.now

    def change(self, id: UUID, **facts: datetime) -> None:
        self.transactions[id] = replace(self.transactions[id], **facts)  # type: ignore[arg-type]

    def stand(self, wallet_id: UUID, state: str) -> None:
        self.standings[wallet_id] = {
            "active": Standing(WalletStatus.ACTIVE, None, self.now),
            "debits": Standing(WalletStatus.FROZEN, Freeze.DEBITS, self.now),
            "all": Standing(WalletStatus.FROZEN, Freeze.ALL, self.now),
            "closed": Standing(WalletStatus.CLOSED, None, self.now),
        }[state]


def opened(names: Sequence[str]) -> Tables:
    tables = Tables({name: uuids.uuid7() for name in names})
    for wallet_id in tables.wallets.values():
        tables.accounts[wallet_id] = Account(wallet_id, "USD", 0, 0, 0, 0, tables.now)
        tables.stand(wallet_id, "active")
    return tables


def books_are_right(tables: Tables) -> None:
    """Conservation and the chain, from the entries alone."""
    total: dict[UUID, int] = defaultdict(int)
    sequence: dict[UUID, int] = defaultdict(int)
    by_transaction: dict[UUID, int] = defaultdict(int)
    for entry in tables.entries:
        by_transaction[entry.transaction_id] += entry.amount
        total[entry.account_id] += entry.amount
        if entry.kind == "wallet":
            sequence[entry.account_id] += 1
            assert (entry.sequence, entry.balance_after) == (sequence[entry.account_id], total[entry.account_id])
    assert set(by_transaction.values()) <= {0}
    completed = {id for id, one in tables.transactions.items() if one.status is Status.COMPLETED}
    assert set(by_transaction) == completed
    for wallet_id, account in tables.accounts.items():
        mine = [tables.transactions[id] for id in tables.ordered[wallet_id]]
        for kind in LimitKind:
            counted = [one.amount.minor for one in mine if counts(one) and KIND_OF.get(one.type) is kind]
            assert tables.usage[wallet_id, kind] == sum(counted)
        assert (account.posted, account.sequence) == (total[wallet_id], sequence[wallet_id])


@pytest.mark.parametrize("seed", range(30))
def test_rules_decide_what_the_model_says(seed: int) -> None:
    chance = random.Random(seed)
    model = Model({name: Purse() for name in NAMES})
    customer, tables = Customer(chance, model), opened(NAMES)
    reached: set[Status] = set()
    for step in range(350):
        _something_happens(chance, model, customer, tables)
        orders = customer.orders()
        instructions = [instruction_of(one, tables.wallets, payees(model, orders)) for one in orders]
        expected = model.together(orders)
        told = [heard(one) for one in tables.carry_out(instructions, terms_of(model))]
        assert list(zip(orders, told, strict=True)) == list(zip(orders, expected, strict=True)), (seed, step)
        for id, payment in model.payments.items():
            kept = tables.transactions[id]
            adopt(model, payment, kept.status)
            assert (kept.status, kept.failure_code) == (payment.status, payment.why), (seed, step)
            reached.add(kept.status)
            if payment.status != "expired":
                assert tuple(reason.rule for reason in kept.risk_reasons) == payment.reasons, (seed, step)
        for name, purse in model.purses.items():
            account = tables.accounts[tables.wallets[name]]
            assert (account.posted, account.held) == (purse.posted, purse.held), (seed, step, name)
    assert len(tables.transactions) == len(model.payments) > 100
    assert reached == set(Status)
    books_are_right(tables)


def _something_happens(chance: random.Random, model: Model, customer: Customer, tables: Tables) -> None:
    """Freezes, rules that change, and time."""
    roll = chance.random()
    if roll < 0.06:
        name = chance.choice(NAMES)
        model.purses[name].state = chance.choice(STATES)
        tables.stand(tables.wallets[name], model.purses[name].state)
    elif roll < 0.1:
        customer.changes_its_mind()
    for payment in _that_time_touches(chance, model):
        if payment.lapsed:
            tables.change(payment.id, expires_at=tables.now)
        if older := _older(payment):
            tables.change(payment.id, created_at=tables.transactions[payment.id].created_at - older)


def _that_time_touches(chance: random.Random, model: Model) -> list[Payment]:
    """Some payment that waits may lapse, some that was made may grow old."""
    touched = []
    waiting = [one for one in model.payments.values() if one.status == "pending_confirmation" and not one.lapsed]
    if waiting and chance.random() < 0.15:
        touched.append(chance.choice(waiting))
        touched[-1].lapsed = True
    young = [one for one in model.payments.values() if not one.ancient]
    if young and chance.random() < 0.4:
        touched.append(chance.choice(young))
        touched[-1].ancient = chance.random() < 0.6
        touched[-1].old = True
    return touched


def _older(payment: Payment) -> timedelta | None:
    """By how much it has just grown older."""
    return None if not payment.old else DAY_AND_MORE if payment.ancient else HOUR_AND_MORE


# ---------------------------------------------------------------- with one


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_clearing_does_what_the_model_says(database_dsn: Dsns, seed: int) -> None:
    chance = random.Random(seed)
    async with (
        open_desk(database_dsn.server) as first,
        open_desk(database_dsn.server) as second,
        records_of(database_dsn.server, database_dsn.owner) as records,
    ):
        walk = Walk(chance, [first, second], records)
        await walk.prepare()
        for step in range(250):
            await walk.step((seed, step))
        assert await records.findings() == []
        assert walk.second_thoughts > 10


@dataclass
class Walk:
    """The same walk through two servers on one database."""

    chance: random.Random
    desks: list[Desk]
    records: Records
    model: Model = field(default_factory=lambda: Model({name: Purse() for name in NAMES}))
    wallets: dict[str, UUID] = field(default_factory=dict)
    second_thoughts: int = 0

    async def prepare(self) -> None:
        self.people = dict(zip(NAMES, await people(self.desks[0], len(NAMES)), strict=True))
        self.wallets = {name: one.wallet_id for name, one in self.people.items()}
        self.customer = Customer(self.chance, self.model)

    async def step(self, where: object) -> None:
        await self._something_happens()
        orders = self.customer.orders()
        instructions = [instruction_of(one, self.wallets, payees(self.model, orders)) for one in orders]
        desk = self.chance.choice(self.desks)
        desk.clearing.terms = terms_of(self.model)
        expected = self.model.together(orders)
        results = await asyncio.gather(*map(desk.clearing.submit, instructions), return_exceptions=True)
        told = [heard(one) for one in results]
        assert list(zip(orders, told, strict=True)) == list(zip(orders, expected, strict=True)), where
        self.second_thoughts += sum(one.again for one in told)
        await self._compare(where)

    async def _compare(self, where: object) -> None:
        rows = await self.records.connection.fetch("select id, status, failure_code from transactions")
        assert {row["id"] for row in rows} == set(self.model.payments), where
        for row in rows:
            payment = self.model.payments[row["id"]]
            adopt(self.model, payment, row["status"])
            assert (row["status"], row["failure_code"]) == (payment.status, payment.why), where
        accounts = await self.records.connection.fetch("select id, posted, held from ledger_accounts")
        kept = {row["id"]: (row["posted"], row["held"]) for row in accounts}
        for name, purse in self.model.purses.items():
            assert kept[self.wallets[name]] == (purse.posted, purse.held), (where, name)

    async def _something_happens(self) -> None:
        roll = self.chance.random()
        if roll < 0.08:
            name = self.chance.choice(NAMES)
            state = self.model.purses[name].state = self.chance.choice(STATES)
            await self.records.freeze(self.people[name], state if state in ("debits", "all") else None)
            if state == "closed":
                await self.records.close_wallet(self.people[name])
        elif roll < 0.12:
            self.customer.changes_its_mind()
        for payment in _that_time_touches(self.chance, self.model):
            if payment.lapsed:
                await self.records.let_lapse(payment.id)
            if older := _older(payment):
                await self.records.grow_old(payment.id, older)
