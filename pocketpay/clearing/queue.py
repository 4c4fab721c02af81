"""The queue of the clearing: executes instructions, many in one unit of work.

    an instruction arrives ─► it waits (waiting.py) ─► a lane takes it with others into a unit of work (lane.py)
    ─► commit ─► answers (answers.py)

Instructions that arrive during one unit of work wait and form the next unit. There is no timer: an idle server
executes an instruction immediately. On a busy server many instructions share the locks, the round trips and the disk
flush.

A second unit runs beside the first only when it is large and shares no account with it, as two batches often do:
while the database executes one, the server decides the other. Small units are not worth their round trips, and units
that share an account would wait for each other (decision 71).
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import ClassVar

from pocketpay.clearing import waiting
from pocketpay.clearing.answers import Answers
from pocketpay.clearing.clock_alarm import ClockAlarm
from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.lane import Lane
from pocketpay.clearing.outcome import Answer
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.ticket import Counts, Ticket
from pocketpay.clearing.waiting import Waiting
from pocketpay.database.connection_count import LANES
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Database
from pocketpay.ledger.house import HouseAccounts

PROBE_SECONDS = 0.02
"""Time between two probes of locked accounts. One probe takes 0.3 ms, and runs only while an account is locked."""


@dataclass(slots=True)
class Clearing:
    """The queue of this process. Every movement of money goes through it.

    `lanes` is the number of units of work that may run at the same time, each on a connection of its own.
    """

    lane_type: ClassVar[type[Lane]] = Lane

    database: Database
    terms: Terms
    house: HouseAccounts
    lanes: int = LANES
    counts: Counts = field(default_factory=Counts)
    _waiting: Waiting = field(init=False)
    _answers: Answers = field(default_factory=Answers)
    _lanes: "tuple[Lane, ...]" = field(init=False)
    _probed: float = 0.0
    _arrived: "list[asyncio.Event]" = field(default_factory=list)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _open: bool = False
    _tasks: "list[asyncio.Task[None]]" = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting = Waiting(self.counts)
        alarm = ClockAlarm()
        self._lanes = tuple(
            self.lane_type(
                self.database, lambda: self.terms, self.house, self._waiting, self._answers, self.counts, alarm
            )
            for _ in range(self.lanes)
        )
        self._arrived = [asyncio.Event() for _ in self._lanes]

    async def start(self) -> None:
        """Connects and starts to execute instructions. Raises ServiceBusy when the database does not answer.

        The second lane connects later if the database refuses its connection now.
        """
        first, *others = self._lanes
        await first.open()
        for lane in others:
            await lane.reopen()
        self._open = True
        self._idle.set()
        self._tasks = [
            *(asyncio.create_task(self._run(number), name=f"clearing {number}") for number in range(self.lanes)),
            asyncio.create_task(self._refuse_late(), name="clearing's deadlines"),
        ]

    async def close(self, *, seconds: float = 5.0) -> None:
        """Stops accepting instructions, executes the waiting ones for up to `seconds`, and closes the connections."""
        self._open = False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._answers.send()
        self._waiting.refuse_all("the server is closing")
        self._idle.set()
        for lane in self._lanes:
            lane.close()

    @property
    def waiting(self) -> int:
        """The number of instructions that wait now."""
        return len(self._waiting)

    async def submit(self, instruction: Instruction, *, weight: int = 1) -> Answer:
        """Queues the instruction and returns its answer after the commit. `weight` is the number of a batch's items.

        Raises a Refusal that is not stored, or ServiceBusy. Cancelling the caller does not cancel the instruction.
        """
        if not self._open or not self._waiting.accepts(weight):
            self.counts.busy += 1
            raise ServiceBusy("too much is waiting" if self._open else "the server is closing")
        loop = asyncio.get_running_loop()
        ticket = Ticket(instruction, loop.create_future(), loop.time(), weight)
        self._waiting.add(ticket)
        self._idle.clear()
        self._wake()
        return await ticket.answer

    # ------------------------------------------------------------ the tasks

    def _wake(self, *, but: Lane | None = None) -> None:
        """Wakes a free lane that may take waiting orders now, but not the lane `but`."""
        for lane, arrived in zip(self._lanes, self._arrived, strict=True):
            if lane is not but and lane.is_free and self._may_start(lane):
                arrived.set()
                return

    def _may_start(self, lane: Lane) -> bool:
        """Whether the lane may look for a unit: no other one runs, or enough payments wait for a unit beside it. A
        lane without a connection leaves the orders to a free lane that has one."""
        if not lane.is_connected and any(one.is_free and one.is_connected for one in self._lanes):
            return False
        return not self._is_beside(lane) or self._waiting.may_take_beside

    def _is_beside(self, lane: Lane) -> bool:
        """Whether another lane executes a unit. One that has lost its connection is still trying, and others need not
        wait for it."""
        return any(one.is_running and one.is_connected for one in self._lanes if one is not lane)

    def _take(self, lane: Lane) -> list[Ticket]:
        """Returns the orders of the lane's next unit. A lane without a connection takes none beside another unit."""
        beside = self._is_beside(lane)
        return [] if beside and not lane.is_connected else self._waiting.take(beside=beside)

    async def _run(self, number: int) -> None:
        lane, arrived = self._lanes[number], self._arrived[number]
        while True:
            await self._probe_locked(lane)
            if self._may_start(lane) and self._is_beside(lane):
                await lane.reopen()
            if self._may_start(lane) and (tickets := self._take(lane)):
                asyncio.get_running_loop().call_soon(self._wake)  # when this lane runs: others may take what is left
                try:
                    await lane.run(tickets)
                finally:
                    self._waiting.release(tickets)
                continue
            self._answers.send()
            arrived.clear()
            if self._waiting.more and not lane.is_connected:
                self._wake(but=lane)
            if self._waiting.postponed:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(arrived.wait(), PROBE_SECONDS)
            else:
                if not len(self._waiting) and not any(one.is_running for one in self._lanes):
                    self._idle.set()
                await arrived.wait()

    async def _refuse_late(self) -> None:
        """Refuses orders that have waited too long.

        For an order in a running unit, the refusal says that it may have been executed.
        """
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(waiting.WAIT_SECONDS / 8)
            now = loop.time()
            for lane in self._lanes:
                lane.refuse_late(now)
            self._waiting.refuse_late(now)

    async def _probe_locked(self, lane: Lane) -> None:
        """Updates the set of locked accounts. Orders whose accounts are free again go with the next unit."""
        now = asyncio.get_running_loop().time()
        if not self._waiting.locked or now - self._probed < PROBE_SECONDS:
            return
        self._probed = now
        probed = frozenset(self._waiting.locked)
        locked = await lane.locked(probed)
        if locked is not None:
            self._waiting.locked -= probed - locked
        self._probed = asyncio.get_running_loop().time()
