"""The clearing: carries instructions out, many in one unit of work.

    an instruction arrives ─► it waits ─► the next unit of work takes it with others (waiting.py) ─► commit ─► answers

Instructions that arrive while one unit is under way wait together and go as the next one. No timer: an idle server
clears at once, a busy one pays the locks, the five round trips and the disk's flush once for many. One unit is in
flight at a time: more connections make hot wallets slower, not faster.

    when a unit fails            what is done
    a rule of the database,      each instruction again, alone: only the poisoned one fails
    a bug in a rule of ours
    deadlock, serialization      again, three times, with jitter
    an account is held by        its instructions are put aside, the others go on without them; asked about every
    another session              PROBE_SECONDS, and refused by ServiceBusy when it takes too long
    another lock is waited for   each alone, and that one again, three times, then ServiceBusy
    too long
    a statement took too long    each alone, then ServiceBusy
    the disk is full             ServiceBusy
    anything else                connect again and the same ids and keys again: what had committed answers itself

A unit does not fail when an account was changed last in the future: it leaves out the instructions that need it. They
are refused by ServiceBusy at once, and an alarm names the account (decision 27).
"""

import asyncio
import contextlib
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

import structlog

from pocketpay.clearing import waiting
from pocketpay.clearing.clock_alarm import AHEAD, ClockAlarm
from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.outcome import Answer, Result
from pocketpay.clearing.progress import Progress, RuleFailed
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.ticket import Counts, Ticket
from pocketpay.clearing.unit import carry_out
from pocketpay.clearing.waiting import Waiting, in_time
from pocketpay.database.failures import Failure, ServiceBusy, classify
from pocketpay.database.sessions import TIMEOUTS, Connection, Database, Session, connect
from pocketpay.ledger.house import House
from pocketpay.ledger.repository import postings as ledger

LOCK_MILLISECONDS = 100
"""A unit waits so long for a lock. Other servers' units hold the same accounts for 5 to 70 ms all the time. A wait in
PostgreSQL's own queue is the fastest way past them, and a fair one (decision 22). What takes longer is no unit."""

PROBE_SECONDS = 0.02
"""Between two looks at the accounts that are held: 0.3 ms each, and only while there are some."""

LATEST_TOLD_SECONDS = 0.02
"""After the commit, while more waits. Some 20 answers take the server as long as the database takes to write as many
orders, so they are told while it does (decision 15)."""

TRIES = 3
PAUSE_SECONDS = 0.05
ROLL_BACK_SECONDS = 1.0

OWN_FAULT = (Failure.CONSTRAINT, Failure.BUG)
"""What an instruction cannot blame on anybody else."""

PLANS = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
}
"""The clearing's statements ask for a few rows by key, always: on tables just made, without statistics, the planner
would read them whole, and keep that plan while they grow (decision 4)."""

log = structlog.get_logger("clearing")


class Failed(NamedTuple):
    """What ended a unit of work. `on_accounts` when it had not locked its accounts yet."""

    failure: Failure
    error: Exception
    on_accounts: bool


@dataclass(slots=True)
class Clearing:
    """The one queue of this process through which money moves."""

    database: Database
    terms: Terms
    house: House
    counts: Counts = field(default_factory=Counts)
    _waiting: Waiting = field(init=False)
    _clock_alarm: ClockAlarm = field(default_factory=ClockAlarm)
    _probed: float = 0.0
    _in_hand: Sequence[Ticket] = ()
    _untold: "list[tuple[Ticket, Result]]" = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _open: bool = False
    _connection: Connection | None = None
    _tasks: "list[asyncio.Task[None]]" = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting = Waiting(self.counts)

    async def start(self) -> None:
        """Connects and begins to carry out. Raises ServiceBusy when the database does not answer."""
        self._connection = await self._connected()
        self._open = True
        self._idle.set()
        self._tasks = [
            asyncio.create_task(self._run(), name="clearing"),
            asyncio.create_task(self._refuse_the_late(), name="clearing's deadlines"),
        ]

    async def close(self, *, seconds: float = 5.0) -> None:
        """Takes no more, finishes what waits within that time, and lets the connection go."""
        self._open = False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tell()
        self._waiting.refuse_all("the server is closing")
        self._idle.set()
        if self._connection is not None:
            self._connection.terminate()

    @property
    def waiting(self) -> int:
        """How many instructions wait now."""
        return len(self._waiting)

    async def submit(self, instruction: Instruction, *, weight: int = 1) -> Answer:
        """Has the instruction carried out and gives what came of it, after its commit. A batch weighs as much as its
        items.

        Raises the Refusal that leaves no row, or ServiceBusy. Whoever stops waiting does not undo it.
        """
        if not self._open or not self._waiting.accepts(weight):
            self.counts.busy += 1
            raise ServiceBusy("too much is waiting" if self._open else "the server is closing")
        loop = asyncio.get_running_loop()
        ticket = Ticket(instruction, loop.create_future(), loop.time(), weight)
        self._waiting.add(ticket)
        self._idle.clear()
        self._arrived.set()
        return await ticket.answer

    # ------------------------------------------------------------ the two tasks

    async def _run(self) -> None:
        while True:
            await self._look_at_held()
            if tickets := self._waiting.take():
                await self._supervised(tickets)
                continue
            self._arrived.clear()
            if self._waiting.aside:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._arrived.wait(), PROBE_SECONDS)
            else:
                self._idle.set()
                await self._arrived.wait()

    async def _supervised(self, tickets: Sequence[Ticket]) -> None:
        """Nothing that goes wrong with one unit may stop the next one, or leave anybody waiting."""
        self._in_hand = tickets
        try:
            await self._settle(tickets)
        except Exception as error:
            log.exception("a unit of work failed permanently")
            self._drop_connection()
            for ticket in tickets:
                if not ticket.waits:
                    ticket.settle(error)
        except asyncio.CancelledError:
            for ticket in tickets:
                if not ticket.waits:
                    ticket.settle(ServiceBusy("the server is closing", may_have_happened=True))
            raise
        finally:
            self._in_hand = ()

    async def _refuse_the_late(self) -> None:
        """Of what is in hand nobody knows yet what becomes of it, and that is what those hear who waited long
        enough."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(waiting.WAIT_SECONDS / 8)
            now = loop.time()
            for ticket in self._in_hand:
                if not ticket.waits and now - ticket.arrived >= waiting.WHOLE_SECONDS:
                    ticket.settle(ServiceBusy("it took too long", may_have_happened=True))
            self._waiting.refuse_late(now)

    # ------------------------------------------------------------ accounts held by other sessions

    async def _look_at_held(self) -> None:
        """Whether they still are. What is free by now goes with the next unit."""
        if not self._waiting.held or asyncio.get_running_loop().time() - self._probed < PROBE_SECONDS:
            return
        held = await self._held(self._waiting.held)
        if held is not None:
            self._waiting.held = held
        self._probed = asyncio.get_running_loop().time()

    async def _without_held(self, tickets: Sequence[Ticket]) -> list[Ticket]:
        """Puts those aside whose accounts are held; gives the others."""
        held = await self._held(frozenset().union(*(ticket.accounts for ticket in tickets)))
        return self._still_in_time(self._waiting.put_aside(tickets, held or set()))

    async def _held(self, accounts: Collection[UUID]) -> set[UUID] | None:
        """Which of them are held; None when that cannot be found out now, because the whole table is for one."""
        try:
            connection = self._connection = self._connection or await self._connected()
            return await ledger.held(Session(connection), accounts)
        except Exception as error:
            log.warning("cannot find out what is locked", error=type(error).__name__)
            if classify(error) is Failure.UNKNOWN:
                self._drop_connection()
            return None

    # ------------------------------------------------------------ one batch

    async def _settle(self, tickets: Sequence[Ticket], *, alone: bool = False) -> None:
        """Carries the tickets out, however often it takes; when this returns each has its answer or is put aside."""
        tries = 0
        while tickets:
            failed = await self._try(tickets)
            if failed is None:
                return
            failure, error, on_accounts = failed
            tries += 1
            self.counts.retries += 1
            log.warning("unit of work failed", failure=failure, size=len(tickets), error=type(error).__name__)
            one = alone or len(tickets) == 1
            if failure is Failure.UNKNOWN:
                self._drop_connection()
                tickets = self._still_in_time(tickets)
                if tickets:
                    await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.5, 2))
            elif failure is Failure.LOCK_TIMEOUT and on_accounts:
                tickets = await self._without_held(tickets)
            elif tries <= TRIES and (failure is Failure.RETRY or (failure is Failure.LOCK_TIMEOUT and one)):
                await asyncio.sleep(PAUSE_SECONDS * tries * random.random())
            elif failure is Failure.DISK_FULL:
                self._busy(tickets, "the disk is full")
                return
            elif not one:
                await self._settle_each(tickets, waited=failure not in OWN_FAULT)
                return
            else:
                self._give_up(tickets, failure, error)
                return

    async def _settle_each(self, tickets: Sequence[Ticket], *, waited: bool) -> None:
        """Each alone. Where each may have to be waited for, others wait meanwhile: no longer than any order may."""
        for ticket in tickets:
            if not ticket.given_up and (not waited or self._still_in_time([ticket])):
                await self._settle([ticket], alone=True)

    async def _try(self, tickets: Sequence[Ticket]) -> Failed | None:
        """One unit of work; gives what ended it, or None when everybody has their answer."""
        progress = Progress()
        try:
            connection = self._connection = self._connection or await self._connected()
            instructions = [ticket.instruction for ticket in tickets]
            results = await carry_out(
                connection, instructions, self.terms, self.house, progress, writing=self._tell_soon
            )
        except RuleFailed as failed:
            await self._roll_back()
            return Failed(Failure.BUG, failed.error, on_accounts=not progress.locked)
        except Exception as error:
            failure = classify(error)
            if failure is Failure.UNKNOWN and progress.results is not None:
                for ticket, result in zip(tickets, progress.results, strict=True):
                    ticket.doubtful = ticket.doubtful if result is None else ticket.first_answer(result)
            await self._roll_back()
            return Failed(failure, error, on_accounts=not progress.locked)
        refused: list[Ticket] = []
        for ticket, result in zip(tickets, results, strict=True):
            if result is None:
                refused.append(ticket)
            else:
                self._untold.append((ticket, ticket.first_answer(result)))
        self.counts.units += len(refused) < len(tickets)
        self.counts.instructions += len(tickets) - len(refused)
        if refused:
            self.counts.ahead += len(refused)
            self._clock_alarm.saw(progress.ahead)
            self._busy(refused, AHEAD)
        if self._waiting.more:
            asyncio.get_running_loop().call_later(LATEST_TOLD_SECONDS, self._tell)
        else:
            self._tell()
        return None

    def _tell_soon(self) -> None:
        """The unit's write goes out in this turn of the event loop; in the next one those before it are told."""
        if self._untold:
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        """Gives everybody whose unit was committed their answer."""
        untold, self._untold = self._untold, []
        for ticket, result in untold:
            ticket.settle(result)

    def _still_in_time(self, tickets: Sequence[Ticket]) -> list[Ticket]:
        """Those that may go on trying; the others are told, and whether it may have happened."""
        now = asyncio.get_running_loop().time()
        late = [ticket for ticket in tickets if not in_time(ticket, now)]
        for ticket in late:
            ticket.settle(ServiceBusy("the database does not answer", may_have_happened=ticket.in_doubt))
        return [ticket for ticket in tickets if ticket not in late] if late else [*tickets]

    def _give_up(self, tickets: Sequence[Ticket], failure: Failure, error: Exception) -> None:
        if failure in OWN_FAULT:
            for ticket in tickets:
                ticket.settle(error)
        else:
            self._busy(tickets, f"the database gave up: {failure}")

    def _busy(self, tickets: Sequence[Ticket], reason: str) -> None:
        self.counts.busy += len(tickets)
        for ticket in tickets:
            ticket.settle(ServiceBusy(reason, may_have_happened=ticket.in_doubt))

    # ------------------------------------------------------------ the connection

    async def _connected(self) -> Connection:
        settings = {**TIMEOUTS, **PLANS, "lock_timeout": str(LOCK_MILLISECONDS)}
        return await connect(self.database.dsn, name="pocketpay clearing", settings=settings)

    async def _roll_back(self) -> None:
        """Ends the unit that failed; a connection that cannot even do that is given up."""
        if self._connection is None:
            return
        try:
            async with asyncio.timeout(ROLL_BACK_SECONDS):
                await self._connection.execute("rollback")
        except Exception:  # whatever it is, the answer is a new connection
            self._drop_connection()

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
