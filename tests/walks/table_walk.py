"""A walk without a database: many steps, decided by the product's rules over tables in memory."""

import random
from collections.abc import Sequence
from datetime import timedelta

from pocketpay.clearing.instruction import Instruction
from pocketpay.transactions.lifecycle import Status
from tests.model import events
from tests.model.customer import Customer
from tests.model.model import Model
from tests.model.orders import Order, Reply
from tests.model.store import Wallet
from tests.walks.compared import Comparison, adopt
from tests.walks.interpreter import Interpreter, terms_of
from tests.walks.results import reply_of
from tests.walks.tables import Tables, opened

PEOPLE = {"ada": "USD", "bob": "USD", "cyd": "USD", "dan": "USD", "eve": "USD", "yui": "JPY"}

STEPS = 400
COMPARE_ALL_EVERY = 20
"""The number of steps between comparisons of all rows. Other steps compare only the changed rows."""

RULES_CHANGE = 0.04
"""The probability that a step changes the rules."""


def assert_same_replies(
    orders: Sequence[Order], replies: Sequence[Reply], expected: Sequence[Reply], where: object
) -> None:
    for order, reply, wanted in zip(orders, replies, expected, strict=True):
        assert reply == wanted, (where, order)


class TableWalk:
    """The walk of that seed. `reached` and `rules` collect the states and the kinds of instructions that it
    reached."""

    def __init__(self, seed: int) -> None:
        self.seed, self.chance = seed, random.Random(seed)
        self.model = Model({name: Wallet(currency) for name, currency in PEOPLE.items()})
        self.customer, self.tables = Customer(self.chance, self.model), opened(PEOPLE)
        self.interpreter = Interpreter(self.model, self.tables.wallets, self.tables.wallets)
        self.comparison = Comparison(self.model, self.tables.wallets)
        self.rules: set[type[Instruction]] = set()
        self.reached: set[str] = set()
        self.instructions = 0

    def run(self) -> None:
        """Runs the whole walk."""
        for step in range(STEPS):
            self.step((self.seed, step))
            if step % COMPARE_ALL_EVERY == 0:
                self.compare_all((self.seed, step))
        self.compare_all(self.seed)
        self.compare_at_the_end()

    def step(self, where: object) -> None:
        """Applies random events and orders, and compares the replies and the changes with the model."""
        model, tables = self.model, self.tables
        for event in events.random_events(self.chance, model):
            _apply(tables, event)
        if self.chance.random() < RULES_CHANGE:
            self.customer.change_rules()
        orders = self.customer.orders()
        instructions = self.interpreter.instructions(orders)
        self.rules |= {type(one) for one in instructions}
        self.instructions += len(instructions)
        expected = model.together(orders)
        results, book = tables.carry_out(instructions, terms_of(model))
        assert_same_replies(orders, [reply_of(*one) for one in zip(orders, results, strict=True)], expected, where)
        adopt(
            model,
            book.updated.values(),
            [] if book.side_effects is None else book.side_effects.changed_requests.values(),
        )
        self.comparison.of_accounts((tables.accounts[id] for id in tables.wallets.values()), where)
        self.comparison.of_payments([*book.inserted.values(), *book.updated.values()], where)
        self.reached |= {one.status for one in [*book.inserted.values(), *book.updated.values()]}
        if (side_effects := book.side_effects) is not None:
            self.reached |= {one.status for one in side_effects.new_requests.values()}
            self.reached |= {one.status for one in side_effects.changed_requests.values()}
            self.reached |= {one.status for one in side_effects.changed_cards.values()}

    def compare_all(self, where: object) -> None:
        """Compares all rows with the model."""
        tables = self.tables
        self.comparison.of_payments(tables.transactions.values(), where)
        self.comparison.of_requests(tables.requests.values(), where)
        self.comparison.of_cards(tables.cards.values(), tables.now, where)
        self.comparison.of_standings(tables.standings, where)

    def compare_at_the_end(self) -> None:
        """Checks that no row is missing and that the books are correct."""
        model, tables = self.model, self.tables
        assert model.payments.keys() == tables.transactions.keys()
        assert model.requests.keys() == tables.requests.keys()
        assert model.cards.keys() == tables.cards.keys()
        assert tables.house_accounts() == {
            house_account: amount for house_account, amount in model.house_accounts.items() if amount
        }
        tables.prove()


def _apply(tables: Tables, event: events.Event) -> None:
    match event:
        case events.WalletState():
            tables.stand(event.name, event.state)
        case events.PaymentLapses():
            tables.change(event.id, expires_at=tables.now)
        case events.PaymentAges():
            made_at = tables.transactions[event.id].created_at
            tables.change(event.id, created_at=made_at - timedelta(minutes=event.minutes))
        case events.RequestLapses():
            tables.change_request(event.id, created_at=tables.now - timedelta(days=60), expires_at=tables.now)
            waiting = tables.transactions.get(tables.paying[event.id]) if event.id in tables.paying else None
            if waiting is not None and waiting.status is Status.PENDING_CONFIRMATION:
                tables.change(waiting.id, expires_at=tables.now)
        case events.RequestAges():
            made_at = tables.requests[event.id].created_at
            tables.change_request(event.id, created_at=made_at - timedelta(hours=25))
        case events.MonthPasses():
            earlier = tables.cards[event.card].spent_in - timedelta(days=1)
            tables.change_card(event.card, spent_in=earlier.replace(day=1))
            for paid in [one for one in tables.transactions.values() if one.card_id == event.card]:
                if paid.completed_at is not None:
                    tables.change(paid.id, completed_at=paid.completed_at.replace(day=1) - timedelta(days=1))
        case events.CardExpires():
            tables.change_card(event.card, expiry_month=10, expiry_year=2026)
