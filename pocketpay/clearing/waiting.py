"""Which orders wait, and which of them the next unit of work takes. Nothing here touches the database.

The law: an order waits for nothing but

    1. orders of its own kind that arrived earlier. A unit takes the oldest single orders, MOST_IN_UNIT of them, and
       beside them the oldest batch, if one waits: singles never wait for a second batch, batches never for singles
    2. an account of its own that another session holds. It is put aside; nobody else waits for it
    3. once it has been put aside, an order put aside that arrived earlier and needs one of the same accounts

and it waits no longer than WAIT_SECONDS: then it is refused, and nothing was done. A unit carries its orders out in
order of arrival. `tests/clearing/test_waiting.py` enumerates what can happen.

Decision 22 gives the reasons.
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

MOST_IN_UNIT = 128
"""Single orders. Beyond it a unit grows longer without growing cheaper. One batch comes on top: singles that fill
every unit would leave it no place."""

MOST_WAITING = 2_048
"""Single orders. Sixteen units: what waits longer than that would be refused by its age anyway."""

MOST_WITH_MANY = 1_024
"""Payments of all batches that wait. Each batch takes a unit, and ten units of the largest take about a second."""

MOST_ASIDE = 512
"""Payments put aside. They take no place of others, and wait for sessions that may never end."""

WAIT_SECONDS = 2.0
"""From its arrival until an order that is not in a unit is refused; then nothing was done, and the answer says so."""

WHOLE_SECONDS = 10.0
"""From its arrival, for an order whose outcome is unknown."""

HELD = "one of the wallets has been locked by another transaction for too long"

_BY_ARRIVAL = attrgetter("number")


@dataclass(slots=True)
class Waiting:
    """The orders that wait: singles and batches by arrival, those put aside by arrival, and the accounts held by
    other sessions, as far as is known."""

    counts: Counts = field(default_factory=Counts)
    held: set[UUID] = field(default_factory=set)
    _singles: "deque[Ticket]" = field(default_factory=deque)
    _batches: "deque[Ticket]" = field(default_factory=deque)
    _aside: "list[Ticket]" = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)

    def __len__(self) -> int:
        return len(self._singles) + len(self._batches) + len(self._aside)

    @property
    def more(self) -> bool:
        """Whether there are orders for another unit, those put aside not counted."""
        return bool(self._singles or self._batches)

    @property
    def aside(self) -> Sequence[Ticket]:
        """Those put aside, the oldest first."""
        return self._aside

    def accepts(self, weight: int) -> bool:
        """Whether one more order of so many payments may wait."""
        if weight == 1:
            return len(self._singles) < MOST_WAITING
        return _payments(self._batches) + weight <= MOST_WITH_MANY

    def add(self, ticket: Ticket) -> None:
        """The order has arrived."""
        ticket.number, ticket.waits = next(self._numbers), True
        (self._batches if ticket.is_batch else self._singles).append(ticket)

    def take(self) -> list[Ticket]:
        """The orders of the next unit, by arrival; none when nothing can go now. Orders whose accounts are held are
        put aside on the way."""
        singles, batches = self._take_from_aside() if self._aside else ([], [])
        while self._singles and len(singles) < MOST_IN_UNIT:
            self._take_up(self._singles.popleft(), singles)
        while self._batches and not batches:
            self._take_up(self._batches.popleft(), batches)
        if batches:
            singles += batches
            singles.sort(key=_BY_ARRIVAL)
        for ticket in singles:
            ticket.waits = False
        return singles

    def put_aside(self, unit: Sequence[Ticket], held: set[UUID]) -> list[Ticket]:
        """Those accounts of the unit turned out to be held. Gives the orders that go on without the others."""
        self.held |= held
        going: list[Ticket] = []
        blocked = set(self.held)
        for ticket in unit:
            if ticket.accounts.isdisjoint(blocked if ticket.was_aside else self.held):
                going.append(ticket)
            else:
                blocked |= ticket.accounts
                self._put_aside(ticket)
        return going

    def refuse_late(self, now: float) -> None:
        """Refuses what waited too long. The oldest stand first, so only the heads of the two queues are looked at."""
        for queue in (self._singles, self._batches):
            while queue and not in_time(queue[0], now):
                self._refuse(queue.popleft(), "it waited too long for its turn")
        for ticket in [one for one in self._aside if not in_time(one, now)]:
            self._aside.remove(ticket)
            self._refuse(ticket, HELD)

    def refuse_all(self, reason: str) -> None:
        """Refuses everything that waits."""
        for queue in (self._singles, self._batches, self._aside):
            while queue:
                self._refuse(queue.pop(), reason)

    def _take_from_aside(self) -> tuple[list[Ticket], list[Ticket]]:
        """(singles, batches) of those put aside that can go now. One that cannot keeps its accounts for itself, so
        that none put aside after it passes it there."""
        singles: list[Ticket] = []
        batches: list[Ticket] = []
        blocked, staying = set(self.held), []
        for ticket in self._aside:
            fits = not batches if ticket.is_batch else len(singles) < MOST_IN_UNIT
            if fits and ticket.accounts.isdisjoint(blocked):
                (batches if ticket.is_batch else singles).append(ticket)
            else:
                blocked |= ticket.accounts
                staying.append(ticket)
        self._aside = staying
        return singles, batches

    def _take_up(self, ticket: Ticket, unit: list[Ticket]) -> None:
        if not self.held or ticket.accounts.isdisjoint(self.held):
            unit.append(ticket)
        else:
            self._put_aside(ticket)

    def _put_aside(self, ticket: Ticket) -> None:
        if _payments(self._aside) + ticket.weight > MOST_ASIDE:
            self._refuse(ticket, HELD)
            return
        ticket.was_aside = ticket.waits = True
        insort(self._aside, ticket, key=_BY_ARRIVAL)

    def _refuse(self, ticket: Ticket, reason: str) -> None:
        self.counts.busy += 1
        ticket.settle(ServiceBusy(reason, may_have_happened=ticket.in_doubt))


def in_time(ticket: Ticket, now: float) -> bool:
    """Whether the order may go on waiting."""
    return now - ticket.arrived < (WHOLE_SECONDS if ticket.in_doubt else WAIT_SECONDS)


def _payments(tickets: "Sequence[Ticket] | deque[Ticket]") -> int:
    return sum(ticket.weight for ticket in tickets)
