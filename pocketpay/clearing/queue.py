"""The queue of the clearing: executes instructions, many in one unit of work.

    an instruction arrives ─► it waits ─► the next unit of work takes it with others (waiting.py) ─► commit ─► answers

Instructions that arrive during one unit of work wait and form the next unit. There is no timer: an idle server
executes an instruction immediately. On a busy server many instructions share the locks, the five round trips and the
disk flush. Only one unit runs at a time: more connections make hot wallets slower, not faster.

    when a unit fails with              the queue
    a violated constraint, or a bug     retries each instruction alone, so that only the faulty one fails
    in a rule of ours
    a deadlock or serialization         retries the unit up to three times, with jitter
    failure
    an account locked by another        postpones the account's instructions and retries the unit without them; probes
    session                             the lock every PROBE_SECONDS; refuses with ServiceBusy after WAIT_SECONDS
    a timeout on another lock           retries each instruction alone, up to three times, then raises ServiceBusy
    a statement timeout                 retries each instruction alone, then raises ServiceBusy
    a full disk                         raises ServiceBusy
    any other error                     reconnects and retries with the same ids and keys; if the first try had been
                                        committed, the retry returns its outcome

A unit does not fail when an account's last change is in the future: it leaves out the instructions that need the
account. They are refused with ServiceBusy immediately, and an alarm names the account (decision 27).
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
from pocketpay.database.connecting import TIMEOUTS
from pocketpay.database.failures import Failure, ServiceBusy, classify
from pocketpay.database.sessions import Connection, Database, Session, connect
from pocketpay.ledger.house import HouseAccounts
from pocketpay.ledger.repository import postings as ledger

LOCK_MILLISECONDS = 100
"""How long a unit waits for a lock. Units of other servers often lock the same accounts for 5 to 70 ms. To wait in
PostgreSQL's own queue is then the fastest way, and it is fair (decision 22). No unit holds a lock for longer."""

PROBE_SECONDS = 0.02
"""Time between two probes of locked accounts. One probe takes 0.3 ms, and runs only while an account is locked."""

MAX_ANSWER_DELAY_SECONDS = 0.02
"""How long after the commit an answer is sent at the latest, while more orders wait. The server takes as long to send
20 answers as the database takes to write 20 orders, so it sends them during the next unit's write (decision 15)."""

TRIES = 3
PAUSE_SECONDS = 0.05
ROLL_BACK_SECONDS = 1.0

OWN_FAULT = (Failure.CONSTRAINT, Failure.BUG)
"""Failures that the instruction itself causes."""

PLANNER_SETTINGS = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    "jit": "off",
}
"""Planner settings of the clearing's connection. Its statements always read a few rows by key. On new tables without
statistics, the planner would choose sequential scans and keep those plans while the tables grow (decision 4)."""

log = structlog.get_logger(__name__)


class Failed(NamedTuple):
    """The error that ended a unit of work. `on_accounts` is True if the unit failed before it had locked its
    accounts."""

    failure: Failure
    error: Exception
    on_accounts: bool


@dataclass(slots=True)
class Clearing:
    """The queue of this process. Every movement of money goes through it."""

    database: Database
    terms: Terms
    house: HouseAccounts
    counts: Counts = field(default_factory=Counts)
    _waiting: Waiting = field(init=False)
    _clock_alarm: ClockAlarm = field(default_factory=ClockAlarm)
    _probed: float = 0.0
    _in_unit: Sequence[Ticket] = ()
    _unanswered: "list[tuple[Ticket, Result]]" = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _open: bool = False
    _connection: Connection | None = None
    _tasks: "list[asyncio.Task[None]]" = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting = Waiting(self.counts)

    async def start(self) -> None:
        """Connects and starts to execute instructions. Raises ServiceBusy when the database does not answer."""
        self._connection = await self._connected()
        self._open = True
        self._idle.set()
        self._tasks = [
            asyncio.create_task(self._run(), name="clearing"),
            asyncio.create_task(self._refuse_late(), name="clearing's deadlines"),
        ]

    async def close(self, *, seconds: float = 5.0) -> None:
        """Stops accepting instructions, executes the waiting ones for up to `seconds`, and closes the connection."""
        self._open = False
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._answer_committed()
        self._waiting.refuse_all("the server is closing")
        self._idle.set()
        if self._connection is not None:
            self._connection.terminate()

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
        self._arrived.set()
        return await ticket.answer

    # ------------------------------------------------------------ the two tasks

    async def _run(self) -> None:
        while True:
            await self._probe_locked()
            if tickets := self._waiting.take():
                await self._settle_safely(tickets)
                continue
            self._arrived.clear()
            if self._waiting.postponed:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._arrived.wait(), PROBE_SECONDS)
            else:
                self._idle.set()
                await self._arrived.wait()

    async def _settle_safely(self, tickets: Sequence[Ticket]) -> None:
        """Settles the tickets. Whatever fails, every ticket gets an answer and the next unit can run."""
        self._in_unit = tickets
        try:
            await self._settle(tickets)
        except Exception as error:
            log.exception("unit_of_work_given_up")
            self._drop_connection()
            for ticket in tickets:
                if not ticket.waiting:
                    ticket.settle(error)
        except asyncio.CancelledError:
            for ticket in tickets:
                if not ticket.waiting:
                    ticket.settle(ServiceBusy("the server is closing", may_have_happened=True))
            raise
        finally:
            self._in_unit = ()

    async def _refuse_late(self) -> None:
        """Refuses orders that have waited too long.

        For an order in a running unit, the refusal says that it may have been executed.
        """
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(waiting.WAIT_SECONDS / 8)
            now = loop.time()
            for ticket in self._in_unit:
                if not ticket.waiting and now - ticket.arrived >= waiting.IN_DOUBT_SECONDS:
                    ticket.settle(ServiceBusy("it took too long", may_have_happened=True))
            self._waiting.refuse_late(now)

    # ------------------------------------------------------------ accounts locked by other sessions

    async def _probe_locked(self) -> None:
        """Updates the set of locked accounts. Orders whose accounts are free again go with the next unit."""
        if not self._waiting.locked or asyncio.get_running_loop().time() - self._probed < PROBE_SECONDS:
            return
        locked = await self._locked(self._waiting.locked)
        if locked is not None:
            self._waiting.locked = locked
        self._probed = asyncio.get_running_loop().time()

    async def _without_locked(self, tickets: Sequence[Ticket]) -> list[Ticket]:
        """Postpones the tickets whose accounts are locked, and returns the others."""
        locked = await self._locked(frozenset().union(*(ticket.accounts for ticket in tickets)))
        return self._still_in_time(self._waiting.postpone(tickets, locked or set()))

    async def _locked(self, accounts: Collection[UUID]) -> set[UUID] | None:
        """Returns the accounts that another session has locked.

        Returns None if the probe fails, for example because the whole table is locked.
        """
        try:
            connection = self._connection = self._connection or await self._connected()
            return await ledger.locked_elsewhere(Session(connection), accounts)
        except Exception as error:
            log.warning("locked_accounts_unknown", error=type(error).__name__)
            if classify(error) is Failure.UNKNOWN:
                self._drop_connection()
            return None

    # ------------------------------------------------------------ one unit

    async def _settle(self, tickets: Sequence[Ticket], *, alone: bool = False) -> None:
        """Executes the tickets, with retries. When it returns, each ticket has its answer or is postponed."""
        tries = 0
        while tickets:
            failed = await self._try(tickets)
            if failed is None:
                return
            failure, error, on_accounts = failed
            tries += 1
            self.counts.retries += 1
            self.counts.failures[failure] += 1
            log.warning("unit_of_work_failed", failure=failure, size=len(tickets), error=type(error).__name__)
            one = alone or len(tickets) == 1
            if failure is Failure.UNKNOWN:
                self._drop_connection()
                tickets = self._still_in_time(tickets)
                if tickets:
                    await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.5, 2))
            elif failure is Failure.LOCK_TIMEOUT and on_accounts:
                tickets = await self._without_locked(tickets)
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
        """Executes each ticket in a unit of its own.

        `waited` is True if each unit may wait, for example for a lock. Then tickets that have meanwhile waited too
        long are refused.
        """
        for ticket in tickets:
            if not ticket.answered and (not waited or self._still_in_time([ticket])):
                await self._settle([ticket], alone=True)

    async def _try(self, tickets: Sequence[Ticket]) -> Failed | None:
        """Runs one unit of work. Returns the failure that ended it, or None if it was committed."""
        progress, started = Progress(), asyncio.get_running_loop().time()
        try:
            connection = self._connection = self._connection or await self._connected()
            instructions = [ticket.instruction for ticket in tickets]
            results = await carry_out(
                connection, instructions, self.terms, self.house, progress, writing=self._answer_soon
            )
        except RuleFailed as failed:
            await self._roll_back()
            return Failed(Failure.BUG, failed.error, on_accounts=not progress.locked)
        except Exception as error:
            failure = classify(error)
            if failure is Failure.UNKNOWN and progress.results is not None:
                for ticket, result in zip(tickets, progress.results, strict=True):
                    ticket.possible_answer = ticket.possible_answer if result is None else ticket.first_answer(result)
            await self._roll_back()
            return Failed(failure, error, on_accounts=not progress.locked)
        refused: list[Ticket] = []
        for ticket, result in zip(tickets, results, strict=True):
            if result is None:
                refused.append(ticket)
            else:
                self._unanswered.append((ticket, ticket.first_answer(result)))
        if executed := len(tickets) - len(refused):
            self._count_unit(executed, asyncio.get_running_loop().time() - started)
        if refused:
            self.counts.ahead += len(refused)
            self._clock_alarm.report(progress.ahead)
            self._busy(refused, AHEAD)
        if self._waiting.more:
            asyncio.get_running_loop().call_later(MAX_ANSWER_DELAY_SECONDS, self._answer_committed)
        else:
            self._answer_committed()
        return None

    def _count_unit(self, instructions: int, seconds: float) -> None:
        counts = self.counts
        counts.units += 1
        counts.instructions += instructions
        counts.unit_sizes.observe(instructions)
        counts.unit_seconds.observe(seconds)

    def _answer_soon(self) -> None:
        """Schedules the answers of the previous unit for the next turn of the event loop.

        By then this unit's write has been sent, so that the database works while the answers are sent.
        """
        if self._unanswered:
            asyncio.get_running_loop().call_soon(self._answer_committed)

    def _answer_committed(self) -> None:
        """Sends their answers to all callers whose unit was committed."""
        unanswered, self._unanswered = self._unanswered, []
        for ticket, result in unanswered:
            ticket.settle(result)

    def _still_in_time(self, tickets: Sequence[Ticket]) -> list[Ticket]:
        """Returns the tickets that may be retried, and refuses the others.

        The refusal says whether the instruction may have been executed.
        """
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
            self._busy(tickets, f"the database ended it with an error: {failure}")

    def _busy(self, tickets: Sequence[Ticket], reason: str) -> None:
        self.counts.busy += len(tickets)
        for ticket in tickets:
            ticket.settle(ServiceBusy(reason, may_have_happened=ticket.in_doubt))

    # ------------------------------------------------------------ the connection

    async def _connected(self) -> Connection:
        settings = {**TIMEOUTS, **PLANNER_SETTINGS, "lock_timeout": str(LOCK_MILLISECONDS)}
        return await connect(self.database.dsn, name="pocketpay clearing", settings=settings, keeps_times=True)

    async def _roll_back(self) -> None:
        """Rolls back the failed unit. Closes the connection if that fails too."""
        if self._connection is None:
            return
        try:
            async with asyncio.timeout(ROLL_BACK_SECONDS):
                await self._connection.execute("rollback")
        except Exception:  # the next unit opens a new connection, whatever the error is
            self._drop_connection()

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
