"""The waiting orders, and the choice of orders for the next unit of work. This module does not use the database.

An order waits only for

    1. earlier orders of its own kind. A unit takes up to MAX_IN_UNIT of the oldest single orders, and in addition the
       oldest batch: single orders never wait for a second batch, and batches never wait for single orders
    2. an account of its own that another session has locked. The order is postponed; no other order waits for it
    3. once it is postponed, an earlier postponed order that needs one of the same accounts
    4. while a unit runs: that unit, if it needs one of the same accounts; or an earlier order that waits for that
       unit and needs one of the same accounts. A unit beside it starts only with MIN_BESIDE payments

Two units that run at the same time share no account.

An order waits at most WAIT_SECONDS. Then it is refused without any effect. A unit executes its orders in order of
arrival. `tests/clearing/test_waiting.py` enumerates the possible cases.

Decisions 22 and 71 give the reasons.
"""

from bisect import insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from operator import attrgetter
from uuid import UUID

from pocketpay.clearing.ticket import Counts, Ticket
from pocketpay.database.failures import ServiceBusy

MAX_IN_UNIT = 128
"""Single orders per unit. A larger unit takes longer and is not cheaper per order. One batch is taken in addition:
otherwise single orders that fill every unit would leave no room for it."""

MIN_BESIDE = 32
"""Payments of a unit that runs beside another. A smaller one costs more in round trips than it gains."""

MAX_PASSED = 256
"""`take` stops looking after it has left this many orders because of their accounts."""

MIN_MORE = 8
"""After a look that found too few payments for a unit beside another, at least so many more must arrive before the
next look."""

MAX_WAITING = 2_048
"""Single orders that wait. This is sixteen units; an order behind them would be refused for its age anyway."""

MAX_WAITING_IN_BATCHES = 1_024
"""Payments in all waiting batches. Each batch takes one unit; ten of the largest batches take about a second."""

MAX_POSTPONED = 512
"""Payments in all postponed orders. They are counted apart, because they wait for sessions that may never end."""

WAIT_SECONDS = 2.0
"""How long after its arrival an order that is in no unit is refused. Nothing was done, and the answer says so."""

IN_DOUBT_SECONDS = 10.0
"""How long after its arrival an order is refused that may have been executed: it is in a running unit of work, or the
outcome of its commit is unknown. The answer says that it may have happened."""

LOCKED = "one of the wallets has been locked by another transaction for too long"

_BY_ARRIVAL = attrgetter("number")


@dataclass(slots=True)
class Waiting:
    """The waiting orders: single orders, batches and postponed orders, each in order of arrival. `locked` has the
    accounts that other sessions had locked at the last probe."""

    counts: Counts = field(default_factory=Counts)
    locked: set[UUID] = field(default_factory=set)
    in_units: set[UUID] = field(default_factory=set)
    """The accounts of the running units."""
    _enough_beside: int = MIN_BESIDE
    """How many payments must wait before `take` is called beside a running unit. After a look that found too few, it
    is higher."""
    _singles: "deque[Ticket]" = field(default_factory=deque)
    _batches: "deque[Ticket]" = field(default_factory=deque)
    _postponed: "list[Ticket]" = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)

    def __len__(self) -> int:
        return len(self._singles) + len(self._batches) + len(self._postponed)

    @property
    def more(self) -> bool:
        """Whether orders wait for another unit. Postponed orders do not count."""
        return bool(self._singles or self._batches)

    @property
    def may_take_beside(self) -> bool:
        """Whether `take` may find a unit that is worth its round trips while another unit runs."""
        return self._fresh >= self._enough_beside

    @property
    def _fresh(self) -> int:
        """The payments of the orders that are not postponed."""
        return len(self._singles) + _payments(self._batches)

    @property
    def postponed(self) -> Sequence[Ticket]:
        """The postponed orders, oldest first."""
        return self._postponed

    def accepts(self, weight: int) -> bool:
        """Returns whether one more order with `weight` payments may wait."""
        if weight == 1:
            return len(self._singles) < MAX_WAITING
        return _payments(self._batches) + weight <= MAX_WAITING_IN_BATCHES

    def add(self, ticket: Ticket) -> None:
        """Adds an order that has just arrived."""
        ticket.number, ticket.waiting = next(self._numbers), True
        (self._batches if ticket.is_batch else self._singles).append(ticket)

    def take(self, *, beside: bool = False) -> list[Ticket]:
        """Removes and returns the orders of the next unit, in order of arrival; empty if none can run now.

        With `beside`, a unit of fewer than MIN_BESIDE payments is not taken. Postpones the orders whose accounts are
        locked. The unit's accounts count as `in_units` until `release`.
        """
        blocked = set(self.in_units)
        singles, batches = self._take_postponed(blocked) if self._postponed else ([], [])
        passed: list[Ticket] = []
        while len(passed) < MAX_PASSED and (queue := self._next_queue(len(singles) < MAX_IN_UNIT, not batches)):
            ticket = queue.popleft()
            if ticket.accounts.isdisjoint(blocked):
                self._take_up(ticket, batches if ticket.is_batch else singles)
            else:
                blocked |= ticket.accounts
                passed.append(ticket)
        unit = sorted(singles + batches, key=_BY_ARRIVAL) if batches else singles
        if beside and (payments := _payments(unit)) < MIN_BESIDE:
            self._put_back(sorted(passed + unit, key=_BY_ARRIVAL))
            self._enough_beside = self._fresh + max(MIN_BESIDE - payments, MIN_MORE)
            return []
        self._put_back(passed)
        for ticket in unit:
            ticket.waiting = False
            self.in_units |= ticket.accounts
        return unit

    def release(self, unit: Sequence[Ticket]) -> None:
        """Frees the accounts of a unit that has ended."""
        for ticket in unit:
            self.in_units -= ticket.accounts
        self._enough_beside = MIN_BESIDE

    def _put_back(self, passed: Sequence[Ticket]) -> None:
        """Puts orders back at the head of their queues."""
        for ticket in reversed(passed):
            if ticket.was_postponed:
                insort(self._postponed, ticket, key=_BY_ARRIVAL)
            else:
                (self._batches if ticket.is_batch else self._singles).appendleft(ticket)

    def _next_queue(self, room_for_single: bool, room_for_batch: bool) -> "deque[Ticket] | None":
        """Returns the queue of the oldest order for which there is room in the unit."""
        singles, batches = room_for_single and self._singles, room_for_batch and self._batches
        if singles and batches:
            return singles if singles[0].number < batches[0].number else batches
        return singles or batches or None

    def postpone(self, unit: Sequence[Ticket], locked: set[UUID]) -> list[Ticket]:
        """Postpones the unit's orders that need one of the `locked` accounts, and returns the other orders."""
        self.locked |= locked
        remaining: list[Ticket] = []
        blocked = set(self.locked)
        for ticket in unit:
            if ticket.accounts.isdisjoint(blocked if ticket.was_postponed else self.locked):
                remaining.append(ticket)
            else:
                blocked |= ticket.accounts
                self._postpone(ticket)
        return remaining

    def refuse_late(self, now: float) -> None:
        """Refuses orders that have waited too long. Queues are in order of arrival: only their heads are checked."""
        for queue in (self._singles, self._batches):
            while queue and not in_time(queue[0], now):
                self._refuse(queue.popleft(), "it waited too long in the queue")
                self._enough_beside = MIN_BESIDE
        for ticket in [one for one in self._postponed if not in_time(one, now)]:
            self._postponed.remove(ticket)
            self._refuse(ticket, LOCKED)

    def refuse_all(self, reason: str) -> None:
        """Refuses all waiting orders."""
        for queue in (self._singles, self._batches, self._postponed):
            while queue:
                self._refuse(queue.pop(), reason)

    def _take_postponed(self, in_units: set[UUID]) -> tuple[list[Ticket], list[Ticket]]:
        """Removes and returns the postponed orders that can run now, as (singles, batches).

        An order that cannot run reserves its accounts, so that no later postponed order overtakes it on them. One
        that waits for a running unit adds them to `in_units`, so that no new order overtakes it either.
        """
        singles: list[Ticket] = []
        batches: list[Ticket] = []
        blocked, waits_for_lock, staying = self.locked | in_units, set(self.locked), []
        for ticket in self._postponed:
            fits = not batches if ticket.is_batch else len(singles) < MAX_IN_UNIT
            if fits and ticket.accounts.isdisjoint(blocked):
                (batches if ticket.is_batch else singles).append(ticket)
            else:
                blocked |= ticket.accounts
                staying.append(ticket)
                if not ticket.accounts.isdisjoint(waits_for_lock):
                    waits_for_lock |= ticket.accounts
                elif not ticket.accounts.isdisjoint(in_units):
                    in_units |= ticket.accounts
        self._postponed = staying
        return singles, batches

    def _take_up(self, ticket: Ticket, unit: list[Ticket]) -> None:
        if not self.locked or ticket.accounts.isdisjoint(self.locked):
            unit.append(ticket)
        else:
            self._postpone(ticket)

    def _postpone(self, ticket: Ticket) -> None:
        if _payments(self._postponed) + ticket.weight > MAX_POSTPONED:
            self._refuse(ticket, LOCKED)
            return
        self.counts.postponed += 1
        ticket.was_postponed = ticket.waiting = True
        insort(self._postponed, ticket, key=_BY_ARRIVAL)

    def _refuse(self, ticket: Ticket, reason: str) -> None:
        self.counts.busy += 1
        ticket.settle(ServiceBusy(reason, may_have_happened=ticket.in_doubt))


def in_time(ticket: Ticket, now: float) -> bool:
    """Returns whether the order may still wait."""
    return now - ticket.arrived < (IN_DOUBT_SECONDS if ticket.in_doubt else WAIT_SECONDS)


def _payments(tickets: "Sequence[Ticket] | deque[Ticket]") -> int:
    return sum(ticket.weight for ticket in tickets)
