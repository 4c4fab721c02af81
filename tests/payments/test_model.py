"""Long walks of chance: after every step the product and a model on paper say the same.

WALKS and FIRST_WALK in the environment make them more, and others: `make model`.
"""

import ast
import asyncio
import os
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from pocketpay.cards import repository as cards
from pocketpay.money import Money
from pocketpay.payments import history
from pocketpay.payments.desk import Desk
from pocketpay.payments.instruction import Instruction
from pocketpay.payments.lifecycle import Status
from pocketpay.payments.repository import rows
from pocketpay.payments.repository.usage import used
from pocketpay.payments.split_bill import shares
from pocketpay.payments.transfer_batch import TransferBatch
from pocketpay.requests import repository as requests
from pocketpay.requests.money_request import RequestStatus
from tests.conftest import Dsns
from tests.payments import cards as cards_for_tests
from tests.payments import model as its_package
from tests.payments.compared import Comparison, adopt
from tests.payments.customers import Person, Records, open_desk, person, records_of
from tests.payments.model import fate
from tests.payments.model.asking import shares_of
from tests.payments.model.customer import Customer
from tests.payments.model.model import Model
from tests.payments.model.orders import Order, Told
from tests.payments.model.paper import Purse
from tests.payments.spoken import LIMITS, Interpreter, heard, terms_of
from tests.payments.tables import Tables, opened

PEOPLE = {"ada": "USD", "bob": "USD", "cyd": "USD", "dan": "USD", "eve": "USD", "yui": "JPY"}

WALKS = int(os.environ.get("WALKS", "24"))
FIRST_WALK = int(os.environ.get("FIRST_WALK", "0"))
STEPS = 400
EVERYTHING_EVERY = 20
"""Steps: in between only what a step has changed is compared."""


def test_model_shares_no_code_with_the_product() -> None:
    (folder,) = its_package.__path__
    for file in Path(folder).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith("pocketpay")], file


@pytest.mark.parametrize("with_me", [True, False])
def test_shares_are_what_the_model_says(with_me: bool) -> None:
    for among in range(1, 21):
        for total in range(among + with_me, 90):
            split = shares(Money(total, "USD"), among=among, include_me=with_me)
            assert [one.minor for one in split][:among] == shares_of(total, among, with_me=with_me)
            assert sum(one.minor for one in split) == total


# ---------------------------------------------------------------- without a database


@pytest.mark.parametrize("seed", range(FIRST_WALK, FIRST_WALK + WALKS))
def test_rules_decide_what_the_model_says(seed: int) -> None:
    chance = random.Random(seed)
    model = Model({name: Purse(currency) for name, currency in PEOPLE.items()})
    customer, tables = Customer(chance, model), opened(PEOPLE)
    interpreter, compare = Interpreter(model, tables.wallets), Comparison(model, tables.wallets)
    reached: set[str] = set()
    for step in range(STEPS):
        for event in fate.strikes(chance, model):
            _happens(tables, event)
        if chance.random() < 0.04:
            customer.changes_its_mind()
        orders = customer.orders()
        instructions = interpreter.instructions(orders)
        expected = model.together(orders)
        results, book = tables.carry_out(instructions, terms_of(model))
        told = [heard(*one) for one in zip(orders, results, strict=True)]
        _must_hear(orders, told, expected, (seed, step))
        adopt(model, book.updated.values(), [] if book.besides is None else book.besides.changed_requests.values())
        compare.of_accounts((tables.accounts[id] for id in tables.wallets.values()), (seed, step))
        compare.of_payments([*book.inserted.values(), *book.updated.values()], (seed, step))
        if step % EVERYTHING_EVERY == 0 or step == STEPS - 1:
            compare.of_payments(tables.transactions.values(), (seed, step))
            compare.of_requests(tables.requests.values(), (seed, step))
            compare.of_cards(tables.cards.values(), tables.now, (seed, step))
            reached |= {one.status for one in tables.transactions.values()}
            reached |= {one.status for one in tables.requests.values()}
    assert model.payments.keys() == tables.transactions.keys()
    assert model.requests.keys() == tables.requests.keys()
    assert model.cards.keys() == tables.cards.keys()
    assert reached >= {*Status, *RequestStatus}
    assert tables.tills() == {till: amount for till, amount in model.tills.items() if amount}
    tables.prove()


def _must_hear(orders: list[Order], told: list[Told], expected: list[Told], where: object) -> None:
    assert list(zip(orders, told, strict=True)) == list(zip(orders, expected, strict=True)), where


def _happens(tables: Tables, event: fate.Event) -> None:
    match event:
        case fate.Stands():
            tables.stand(event.name, event.state)
        case fate.Lapses():
            tables.change(event.id, expires_at=tables.now)
        case fate.Ages():
            made_at = tables.transactions[event.id].created_at
            tables.change(event.id, created_at=made_at - timedelta(minutes=event.minutes))
        case fate.RequestLapses():
            tables.change_request(event.id, created_at=tables.now - timedelta(days=60), expires_at=tables.now)
            waiting = tables.transactions.get(tables.paying[event.id]) if event.id in tables.paying else None
            if waiting is not None and waiting.status is Status.PENDING_CONFIRMATION:
                tables.change(waiting.id, expires_at=tables.now)
        case fate.RequestAges():
            made_at = tables.requests[event.id].created_at
            tables.change_request(event.id, created_at=made_at - timedelta(hours=25))
        case fate.MonthPasses():
            earlier = tables.cards[event.card].spent_in - timedelta(days=1)
            tables.change_card(event.card, spent_in=earlier.replace(day=1))
        case fate.CardExpires():
            tables.change_card(event.card, expiry_month=10, expiry_year=2026)


# ---------------------------------------------------------------- with one


@pytest.mark.parametrize("seed", range(FIRST_WALK, FIRST_WALK + max(WALKS // 8, 1)))
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
        await walk.look_back(seed)
        assert await records.findings() == []
        assert walk.second_thoughts > 10


def _weight(instruction: Instruction) -> int:
    return len(instruction.items) if isinstance(instruction, TransferBatch) else 1


@dataclass
class Walk:
    """The same walk through two servers on one database."""

    chance: random.Random
    desks: list[Desk]
    records: Records
    model: Model = field(default_factory=lambda: Model({name: Purse(money) for name, money in PEOPLE.items()}))
    people: dict[str, Person] = field(default_factory=dict)
    changed_at: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    second_thoughts: int = 0

    async def prepare(self) -> None:
        self.people = {name: await person(self.desks[0], currency=money) for name, money in PEOPLE.items()}
        self.wallets = {name: one.wallet_id for name, one in self.people.items()}
        self.customer = Customer(self.chance, self.model)
        self.interpreter = Interpreter(self.model, self.wallets)
        self.comparison = Comparison(self.model, self.wallets)

    async def step(self, where: object) -> None:
        for event in fate.strikes(self.chance, self.model):
            await self._happens(event)
        if self.chance.random() < 0.04:
            self.customer.changes_its_mind()
        orders = self.customer.orders()
        instructions = self.interpreter.instructions(orders)
        desk = self.chance.choice(self.desks)
        desk.clearing.terms = terms_of(self.model)
        expected = self.model.together(orders)
        carried = [desk.clearing.submit(one, weight=_weight(one)) for one in instructions]
        results = await asyncio.gather(*carried, return_exceptions=True)
        told = [heard(*one) for one in zip(orders, results, strict=True)]
        _must_hear(orders, told, expected, where)
        self.second_thoughts += sum(one.again for one in told)
        await self._compare(where)

    async def _compare(self, where: object) -> None:
        """What has changed since the last time, by the product's own account of when."""
        fetch = self.records.connection.fetch
        changed = [rows.transaction(row) for row in await fetch(*self._since(rows.COLUMNS, "transactions"))]
        asked = [requests.money_request(row) for row in await fetch(*self._since(requests.COLUMNS, "money_requests"))]
        times = [one.updated_at for one in changed] + [one.updated_at for one in asked]
        self.changed_at = max([self.changed_at, *times])
        held = [cards.card(row) for row in await fetch(*self._since(cards.COLUMNS, "cards"))]
        adopt(self.model, changed, asked)
        self.comparison.of_cards(held, await self.records.connection.fetchval("select clock_timestamp()"), where)
        self.comparison.of_payments(changed, where)
        self.comparison.of_requests(asked, where)
        accounts = await fetch("select id, posted, held, version from ledger_accounts where kind = 'wallet'")
        kept = {row["id"]: (row["posted"], row["held"], row["version"]) for row in accounts}
        for name, purse in self.model.purses.items():
            assert kept[self.wallets[name]] == (purse.posted, purse.held, purse.changes), (where, name)

    def _since(self, columns: str, table: str) -> tuple[str, datetime]:
        return f"select {columns} from {table} where updated_at >= $1", self.changed_at

    async def look_back(self, seed: int) -> None:
        """At all that there is in the end, as each of them may see it."""
        self.changed_at = datetime(2000, 1, 1, tzinfo=UTC)
        await self._compare(seed)
        fetch = self.records.connection.fetch
        assert {row[0] for row in await fetch("select id from transactions")} == self.model.payments.keys()
        assert {row[0] for row in await fetch("select id from money_requests")} == self.model.requests.keys()
        assert {row[0] for row in await fetch("select id from cards")} == self.model.cards.keys()
        tills = await fetch(
            "select kind, currency, sum(amount) from ledger_entries where kind <> 'wallet' group by 1, 2"
        )
        assert {(row[0], row[1]): row[2] for row in tills} == {k: n for k, n in self.model.tills.items() if n}
        for name, wallet_id in self.wallets.items():
            assert await self._history(wallet_id) == {
                id for id, one in self.model.payments.items() if one.seen_by(name) is not None
            }, (seed, name)
            await self._compare_limits(name, wallet_id)

    async def _history(self, wallet_id: UUID) -> set[UUID]:
        async with self.desks[0].database.read() as session:
            stretch = await history.read(session, wallet_id, most=10_000)
        return {one.id for one in stretch.transactions}

    async def _compare_limits(self, name: str, wallet_id: UUID) -> None:
        async with self.desks[0].database.read() as session:
            kept = await used(session, [(wallet_id, kind) for kind in LIMITS.values()])
        for limit, kind in LIMITS.items():
            assert kept[wallet_id, kind].minor == self.model.used(name, limit), (name, limit)

    async def _happens(self, event: fate.Event) -> None:
        records = self.records
        match event:
            case fate.Stands():
                whose = self.people[event.name]
                await records.freeze(whose, event.state if event.state in ("debits", "all") else None)
                if event.state == "closed":
                    await records.close_wallet(whose)
            case fate.Lapses():
                await records.let_lapse(event.id)
            case fate.Ages():
                await records.grow_old(event.id, timedelta(minutes=event.minutes))
            case fate.RequestLapses():
                await records.let_request_lapse(event.id)
            case fate.RequestAges():
                await records.let_request_age(event.id, timedelta(hours=25))
            case fate.MonthPasses():
                await cards_for_tests.let_a_month_pass(records, event.card)
            case fate.CardExpires():
                await cards_for_tests.expire(records, event.card)
