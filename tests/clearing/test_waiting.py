"""Checks the rule of `waiting.py` in every interleaving of a few orders, units and locks of other sessions."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import product
from uuid import UUID, uuid4

import pytest

from pocketpay.clearing import waiting as rules
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint
from pocketpay.clearing.outcome import Outcome
from pocketpay.clearing.ticket import Ticket
from pocketpay.clearing.waiting import Waiting
from pocketpay.database.failures import ServiceBusy

ADA, BOB, CY, DAN = uuid4(), uuid4(), uuid4(), uuid4()
FREE: frozenset[UUID] = frozenset()


@dataclass(frozen=True)
class Order:
    """An instruction that locks one account or two."""

    wallet_id: UUID
    payee_id: UUID | None = None

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id, self.payee_id)

    def decide(self, book: Book) -> Outcome:
        raise NotImplementedError


KINDS = [(Order(ADA), 1), (Order(BOB), 1), (Order(ADA, BOB), 1), (Order(ADA), 2), (Order(ADA, BOB), 2)]
"""Orders with their weights: single orders and batches."""

LOCKS = [None, FREE, frozenset({ADA}), frozenset({BOB})]
"""The accounts that other sessions lock while a unit runs; None where no unit runs."""


def ticket(order: Order, weight: int = 1, *, arrived: float = 0.0) -> Ticket:
    return Ticket(order, asyncio.get_running_loop().create_future(), arrived, weight)


@dataclass
class Run:
    """A queue whose rule is checked after each unit."""

    waiting: Waiting = field(default_factory=Waiting)
    here: list[Ticket] = field(default_factory=list)
    """The orders that wait, by arrival."""

    def arrive(self, order: Order, weight: int) -> None:
        self.here.append(ticket(order, weight))
        self.waiting.add(self.here[-1])

    def unit(self, locked: frozenset[UUID]) -> None:
        """Runs a unit as the clearing does: checks the locked accounts, takes orders, postpones those it cannot
        lock."""
        aside = [one for one in self.here if one.was_postponed]
        self.waiting.locked &= locked
        known = set(self.waiting.locked)
        taken = self.waiting.take()
        assert all(one.accounts.isdisjoint(known) for one in taken), (
            "no order waits for an account known to be locked"
        )
        batches = [one for one in taken if one.is_batch]
        assert len(batches) <= 1
        assert len(taken) - len(batches) <= rules.MAX_IN_UNIT
        self.waiting.release(taken)
        going = taken
        if held := locked & {account for one in taken for account in one.accounts}:
            going = self.waiting.postpone(taken, set(held))
        assert [one.number for one in going] == sorted(one.number for one in going), "executed in order of arrival"
        assert all(one.accounts.isdisjoint(locked) and one in self.here for one in going), (
            "executed once, with its accounts locked"
        )
        self.here = [one for one in self.here if one not in going]
        assert len(self.waiting) == len(self.here), "no order is lost"
        for one in self.here:
            put_aside_now = one.was_postponed and one not in aside
            assert not (put_aside_now and one.accounts.isdisjoint(locked)), "postponed only for its own accounts"
            assert self.reason(one, taken, locked), f"order {one.number} of {self!r} waits for nothing"
        for one in going:
            assert not (one in aside and self.before(one, among=aside)), f"order {one.number} passed another"

    def reason(self, one: Ticket, taken: Sequence[Ticket], locked: frozenset[UUID]) -> bool:
        """Returns whether the rule lets that order wait."""
        same_kind = [other for other in taken if other.is_batch == one.is_batch and other.number < one.number]
        full = len(same_kind) >= (1 if one.is_batch else rules.MAX_IN_UNIT)
        held = not one.accounts.isdisjoint(locked)
        return full or held or (one.was_postponed and self.before(one, among=self.here))

    def before(self, one: Ticket, *, among: Sequence[Ticket]) -> bool:
        """Returns whether an earlier postponed order still waits and needs an account of this one."""
        return any(
            other.was_postponed and other in self.here and other.number < one.number and other.accounts & one.accounts
            for other in among
        )


def every_history(orders: int) -> Iterator[list[tuple[Order, int, frozenset[UUID] | None]]]:
    """Yields every sequence of that many orders, each followed by no unit or by one under some locks."""
    for kinds in product(KINDS, repeat=orders):
        for locks in product(LOCKS, repeat=orders):
            yield [(order, weight, lock) for (order, weight), lock in zip(kinds, locks, strict=True)]


@pytest.mark.parametrize("most_in_unit", [1, 2])
async def test_an_order_waits_only_for_a_reason_in_the_rule_of_waiting(
    monkeypatch: pytest.MonkeyPatch, most_in_unit: int
) -> None:
    monkeypatch.setattr(rules, "MAX_IN_UNIT", most_in_unit)
    for history in every_history(3):
        run = Run()
        for order, weight, locked in history:
            run.arrive(order, weight)
            if locked is not None:
                run.unit(locked)
        run.unit(frozenset({ADA}))
        for _ in history:
            run.unit(FREE)
        assert run.here == [], "all orders are executed when no account is locked"


class Step(Enum):
    """What happens after an order has arrived."""

    NOTHING = auto()
    START = auto()
    END_FIRST_AND_START = auto()
    END_LAST_AND_START = auto()


BESIDE = [
    (Order(ADA), 1),
    (Order(BOB), 1),
    (Order(CY), 1),
    (Order(ADA, BOB), 1),
    (Order(BOB, CY), 1),
    (Order(ADA), 2),
]
"""Orders for units that run at the same time."""


@dataclass
class Lanes:
    """A queue with units that run at the same time. Its rule is checked whenever a unit starts."""

    waiting: Waiting = field(default_factory=Waiting)
    here: list[Ticket] = field(default_factory=list)
    running: list[list[Ticket]] = field(default_factory=list)

    def arrive(self, order: Order, weight: int) -> None:
        self.here.append(ticket(order, weight))
        self.waiting.add(self.here[-1])

    def end(self, number: int) -> None:
        if self.running:
            self.waiting.release(self.running.pop(number))

    def start(self) -> None:
        """Starts a unit if there are orders for it."""
        others = frozenset().union(*(one.accounts for unit in self.running for one in unit))
        taken = self.waiting.take(beside=bool(self.running))
        assert all(one.accounts.isdisjoint(others) for one in taken), "two running units share no account"
        assert [one.number for one in taken] == sorted(one.number for one in taken)
        self.here = [one for one in self.here if one not in taken]
        assert len(self.waiting) == len(self.here), "no order is lost"
        reserved = set(others)
        for one in sorted([*self.here, *taken], key=lambda each: each.number):
            if one in taken:
                assert one.accounts.isdisjoint(reserved), f"order {one.number} passed one that waits for a unit"
            elif one.accounts.isdisjoint(reserved):
                kind = [other for other in taken if other.is_batch == one.is_batch and other.number < one.number]
                full = len(kind) >= (1 if one.is_batch else rules.MAX_IN_UNIT)
                assert full, f"order {one.number} of {self!r} waits for nothing"
            else:
                reserved |= one.accounts
        if taken:
            self.running.append(taken)


@pytest.mark.parametrize("most_in_unit", [1, 2])
async def test_units_that_run_at_the_same_time_share_no_account(
    monkeypatch: pytest.MonkeyPatch, most_in_unit: int
) -> None:
    monkeypatch.setattr(rules, "MAX_IN_UNIT", most_in_unit)
    monkeypatch.setattr(rules, "MIN_BESIDE", 1)
    for orders in product(BESIDE, repeat=3):
        for steps in product(Step, repeat=3):
            lanes = Lanes()
            for (order, weight), step in zip(orders, steps, strict=True):
                lanes.arrive(order, weight)
                if step is Step.END_FIRST_AND_START:
                    lanes.end(0)
                if step is Step.END_LAST_AND_START:
                    lanes.end(-1)
                if step is not Step.NOTHING:
                    lanes.start()
            for _ in orders:
                lanes.start()
                lanes.end(0)
            while lanes.running:
                lanes.end(0)
            lanes.start()
            assert lanes.here == [], "all orders are executed"


async def test_a_unit_beside_another_starts_when_enough_payments_can_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MIN_BESIDE", 3)
    monkeypatch.setattr(rules, "MIN_MORE", 1)
    waiting = Waiting(_enough_beside=rules.MIN_BESIDE)
    waiting.add(ticket(Order(ADA)))
    running = waiting.take()
    going = []
    for order in (Order(ADA), Order(BOB), Order(ADA), Order(CY), Order(BOB)):
        waiting.add(ticket(order))
        going.append(waiting.may_take_beside and [one.number for one in waiting.take(beside=True)])
    assert going == [False, False, [], False, [2, 4, 5]]
    waiting.release(running)
    assert waiting.take(beside=True) == [], "two payments are not enough beside the second unit"
    waiting.in_units.clear()
    assert [one.number for one in waiting.take()] == [1, 3], "alone, every payment can go"


async def test_a_postponed_order_that_waits_for_a_unit_is_not_passed_on_its_accounts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "MIN_BESIDE", 1)
    waiting = Waiting(_enough_beside=1)
    waiting.locked = {ADA}
    waiting.add(ticket(Order(ADA, BOB)))
    waiting.add(ticket(Order(BOB)))
    running = waiting.take()
    assert [one.number for one in running] == [1]
    waiting.locked = set()
    waiting.add(ticket(Order(ADA)))
    assert waiting.take(beside=True) == []
    waiting.release(running)
    assert [one.number for one in waiting.take()] == [0, 2]


async def test_a_postponed_order_that_waits_for_another_session_is_passed_by_new_orders_beside_a_unit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "MIN_BESIDE", 1)
    waiting = Waiting()
    waiting.locked = {ADA, BOB}
    waiting.add(ticket(Order(ADA, BOB)))
    waiting.add(ticket(Order(BOB, CY)))
    waiting.add(ticket(Order(DAN)))
    running = waiting.take()
    assert [one.number for one in running] == [2]
    waiting.locked = {ADA}
    waiting.add(ticket(Order(CY)))
    assert [one.number for one in waiting.take(beside=True)] == [3]


async def test_the_look_for_a_unit_beside_another_is_repeated_only_after_more_orders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "MIN_BESIDE", 4)
    monkeypatch.setattr(rules, "MIN_MORE", 3)
    waiting = Waiting(_enough_beside=4)
    waiting.add(ticket(Order(ADA)))
    assert len(waiting.take()) == 1
    for _ in range(3):
        waiting.add(ticket(Order(BOB)))
    waiting.add(ticket(Order(ADA)))
    looks = []
    for _ in range(4):
        looks.append(waiting.may_take_beside)
        if looks[-1]:
            assert waiting.take(beside=True) == []
        waiting.add(ticket(Order(ADA)))
    assert looks == [True, False, False, True]
    waiting.refuse_late(rules.WAIT_SECONDS)
    assert len(waiting) == 0
    for _ in range(4):
        waiting.add(ticket(Order(BOB), arrived=rules.WAIT_SECONDS))
    assert waiting.may_take_beside, "refused orders do not count any more"
    assert len(waiting.take(beside=True)) == 4


async def test_a_unit_takes_single_orders_before_its_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_IN_UNIT", 3)
    waiting = Waiting()
    weights = [1, 100, 100, 1, 1, 1, 100, 1]
    for weight in weights:
        waiting.add(ticket(Order(ADA), weight))
    taken = []
    for _ in range(4):
        unit = waiting.take()
        waiting.release(unit)
        taken.append([one.number for one in unit])
    assert taken == [[0, 1, 3, 4], [2, 5, 7], [6], []]


async def test_postponed_orders_have_a_separate_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_POSTPONED", 2)
    waiting = Waiting()
    waiting.locked = {ADA}
    tickets = [ticket(Order(ADA)) for _ in range(3)]
    for one in tickets:
        waiting.add(one)
    assert waiting.take() == []
    assert [one.answer.done() for one in tickets] == [False, False, True]
    assert isinstance(tickets[2].answer.exception(), ServiceBusy)
    assert (len(waiting), waiting.counts.busy) == (2, 1)


async def test_an_order_waits_for_a_bounded_time_in_the_queue_and_when_postponed() -> None:
    waiting = Waiting()
    waiting.locked = {ADA}
    in_doubt = ticket(Order(ADA))
    in_doubt.possible_answer = ServiceBusy("the outcome is unknown")  # type: ignore[assignment]
    aside, single, batch = ticket(Order(ADA)), ticket(Order(BOB)), ticket(Order(BOB), 2)
    for one in (in_doubt, aside):
        waiting.add(one)
    assert waiting.take() == []
    for one in (single, batch, late := ticket(Order(BOB), arrived=1.0)):
        waiting.add(one)
    waiting.refuse_late(rules.WAIT_SECONDS)
    assert [one.answer.done() for one in (in_doubt, aside, single, batch, late)] == [False, True, True, True, False]
    busy = [one.answer.exception() for one in (aside, single, batch)]
    assert [isinstance(one, ServiceBusy) and one.may_have_happened for one in busy] == [False] * 3
    waiting.refuse_late(rules.IN_DOUBT_SECONDS)
    refused = in_doubt.answer.exception()
    assert isinstance(refused, ServiceBusy)
    assert refused.may_have_happened
    assert isinstance(late.answer.exception(), ServiceBusy)
