"""A walk with two servers on one database: fewer steps, complete units of work, and all stored rows."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pocketpay.cards import repository as cards
from pocketpay.clearing.instruction import Instruction
from pocketpay.payments.desk import Desk
from pocketpay.payments.transfer_batch import TransferBatch
from pocketpay.requests import repository as requests
from pocketpay.transactions import history
from pocketpay.transactions.repository import rows
from pocketpay.transactions.repository.usage import used
from tests.model import events
from tests.model.customer import Customer
from tests.model.model import Model
from tests.model.orders import Order
from tests.model.store import Wallet
from tests.payments import cards as cards_for_tests
from tests.payments.customers import Person, Records, person
from tests.walks.compared import Comparison, adopt
from tests.walks.interpreter import HASH, LIMITS, Interpreter, terms_of
from tests.walks.results import reply_of
from tests.walks.table_walk import PEOPLE, RULES_CHANGE, assert_same_replies

COMES_BACK = "update users set closed_at = null, password_hash = $2 where id = $1 and closed_at is not null"
"""Reopens a closed wallet, which the product never does. Otherwise a walk would soon have no open wallet."""


def _weight(instruction: Instruction) -> int:
    return len(instruction.items) if isinstance(instruction, TransferBatch) else 1


def _by_unit(orders: Sequence[Order], instructions: Sequence[Instruction]) -> tuple[list[Order], list[Instruction]]:
    """Sorts orders as the clearing executes them: a unit takes one batch, and further batches wait."""
    pairs = list(zip(orders, instructions, strict=True))
    batches = [number for number, (_, instruction) in enumerate(pairs) if _weight(instruction) > 1]
    later = [pairs.pop(number) for number in reversed(batches[1:])]
    pairs += reversed(later)
    return [order for order, _ in pairs], [instruction for _, instruction in pairs]


@dataclass
class DeskWalk:
    """A walk with two servers on one database."""

    chance: random.Random
    desks: list[Desk]
    records: Records
    model: Model = field(default_factory=lambda: Model({name: Wallet(money) for name, money in PEOPLE.items()}))
    people: dict[str, Person] = field(default_factory=dict)
    changed_at: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    replays: int = 0

    async def prepare(self) -> None:
        self.people = {name: await person(self.desks[0], currency=money) for name, money in PEOPLE.items()}
        self.wallets = {name: one.wallet_id for name, one in self.people.items()}
        self.customer = Customer(self.chance, self.model)
        self.interpreter = Interpreter(
            self.model, self.wallets, {name: one.user_id for name, one in self.people.items()}
        )
        self.comparison = Comparison(self.model, self.wallets)

    async def step(self, where: object) -> None:
        for event in events.random_events(self.chance, self.model):
            await self._apply(event)
        if self.chance.random() < RULES_CHANGE:
            self.customer.change_rules()
        orders = self.customer.orders()
        orders, instructions = _by_unit(orders, self.interpreter.instructions(orders))
        desk = self.chance.choice(self.desks)
        desk.clearing.terms = terms_of(self.model)
        expected = self.model.together(orders)
        carried = [desk.submit(one, weight=_weight(one)) for one in instructions]
        results = await asyncio.gather(*carried, return_exceptions=True)
        replies = [reply_of(*one) for one in zip(orders, results, strict=True)]
        assert_same_replies(orders, replies, expected, where)
        self.replays += sum(one.replayed for one in replies)
        await self._compare(where)

    async def _compare(self, where: object) -> None:
        """Compares the rows that changed since the last comparison, by their `updated_at`."""
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
        for name, wallet in self.model.wallets.items():
            assert kept[self.wallets[name]] == (wallet.posted, wallet.held, wallet.changes), (where, name)

    def _since(self, columns: str, table: str) -> tuple[str, datetime]:
        return f"select {columns} from {table} where updated_at >= $1", self.changed_at

    async def compare_at_the_end(self, seed: int) -> None:
        """Compares all rows at the end, and the history and the limits of each customer."""
        self.changed_at = datetime(2000, 1, 1, tzinfo=UTC)
        await self._compare(seed)
        fetch = self.records.connection.fetch
        assert {row[0] for row in await fetch("select id from transactions")} == self.model.payments.keys()
        assert {row[0] for row in await fetch("select id from money_requests")} == self.model.requests.keys()
        assert {row[0] for row in await fetch("select id from cards")} == self.model.cards.keys()
        house_accounts = await fetch(
            "select kind, currency, sum(amount) from ledger_entries where kind <> 'wallet' group by 1, 2"
        )
        assert {(row[0], row[1]): row[2] for row in house_accounts if row[2]} == {
            k: n for k, n in self.model.house_accounts.items() if n
        }
        for name, wallet_id in self.wallets.items():
            assert await self._history(wallet_id) == {
                id for id, one in self.model.payments.items() if one.seen_by(name) is not None
            }, (seed, name)
            await self._compare_limits(name, wallet_id)

    async def _history(self, wallet_id: UUID) -> set[UUID]:
        async with self.desks[0].database.read() as session:
            stretch = await history.read(session, wallet_id, limit=10_000)
        return {one.id for one in stretch.transactions}

    async def _compare_limits(self, name: str, wallet_id: UUID) -> None:
        async with self.desks[0].database.read() as session:
            kept = await used(session, [(wallet_id, kind) for kind in LIMITS.values()])
        for limit, kind in LIMITS.items():
            assert kept[wallet_id, kind].minor == self.model.used(name, limit), (name, limit)

    async def _apply(self, event: events.Event) -> None:
        records = self.records
        match event:
            case events.WalletState():
                whose = self.people[event.name]
                await records.freeze(whose, event.state if event.state in ("debits", "all") else None)
                await records.connection.execute(COMES_BACK, whose.user_id, HASH)
                if event.state == "closed":
                    await records.close_wallet(whose)
            case events.PaymentLapses():
                await records.make_overdue(event.id)
            case events.PaymentAges():
                await records.make_older(event.id, timedelta(minutes=event.minutes))
            case events.RequestLapses():
                await records.make_request_overdue(event.id)
            case events.RequestAges():
                await records.make_request_older(event.id, timedelta(hours=25))
            case events.MonthPasses():
                await cards_for_tests.let_a_month_pass(records, event.card)
            case events.CardExpires():
                await cards_for_tests.expire(records, event.card)
