"""The clearing: carries instructions out, many in one unit of work.

    an instruction arrives ─► queue ─► the next unit of work takes all that waits (at most 128) ─► commit ─► answers

Instructions that arrive while one unit is under way wait together and go as the next one. No timer: an idle server
clears at once, a busy one pays the locks, the five round trips and the disk's flush once for many. One unit is in
flight at a time: more connections make hot wallets slower, not faster.

    when a unit fails            what is done
    a rule of the database,      each instruction again, alone: only the poisoned one fails
    a bug in a rule of ours
    deadlock, serialization      again, three times, with jitter
    a lock waited for too long   again without the accounts held elsewhere, whose instructions answer ServiceBusy;
                                 a second time: each alone, then ServiceBusy
    a statement took too long    each alone, then ServiceBusy
    the disk is full             ServiceBusy
    anything else                connect again and the same ids and keys again: what had committed answers itself
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.outcome import Answer, Result
from pocketpay.clearing.progress import Progress
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.ticket import Counts, Ticket
from pocketpay.clearing.unit import carry_out
from pocketpay.database.failures import Failure, ServiceBusy, classify
from pocketpay.database.sessions import TIMEOUTS, Connection, Database, connect
from pocketpay.ledger.house import House

MOST_IN_UNIT = 128
"""Payments. Beyond it a unit grows longer without growing cheaper."""

MOST_WAITING = 2_048
"""Payments. Sixteen units: what waits longer than that would be refused by its age anyway."""

MOST_WITH_MANY = MOST_WAITING // 2
"""Payments that may wait when an order of many joins them: twenty batches of one person would fill the queue, and
everybody who pays once would be sent away."""

WAIT_SECONDS = 2.0
"""In the queue at most; then nothing was done, and the answer says so."""

WHOLE_SECONDS = 10.0
"""For an instruction whose outcome is unknown, from its arrival."""

LATEST_TOLD_SECONDS = 0.02
"""After the commit, while more waits. Some 20 answers take the server as long as the database takes to write as many
orders, so they are told while it does."""

TRIES = 3
PAUSE_SECONDS = 0.05
ROLL_BACK_SECONDS = 1.0

PLANS = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
}
"""The clearing's statements ask for a few rows by key, always: on tables just made, without statistics, the planner
would read them whole, and keep that plan while they grow."""

log = structlog.get_logger("clearing")


@dataclass(slots=True)
class Clearing:
    """The one queue of this process through which money moves."""

    database: Database
    terms: Terms
    house: House
    counts: Counts = field(default_factory=Counts)
    _queue: "deque[Ticket]" = field(default_factory=deque)
    _weight: int = 0
    _in_hand: Sequence[Ticket] = ()
    _untold: "list[tuple[Ticket, Result]]" = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _open: bool = False
    _connection: Connection | None = None
    _tasks: "list[asyncio.Task[None]]" = field(default_factory=list)

    async def start(self) -> None:
        """Connects and begins to carry out. Raises ServiceBusy when the database does not answer."""
        self._connection = await self._connected()
        self._open = True
        self._idle.set()
        self._tasks = [
            asyncio.create_task(self._run(), name="clearing"),
            asyncio.create_task(self._refuse_the_late(), name="clearing's waiting room"),
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
        self._refuse(len(self._queue), "the server is closing")
        self._idle.set()
        if self._connection is not None:
            self._connection.terminate()

    @property
    def waiting(self) -> int:
        """How many instructions wait now."""
        return len(self._queue)

    async def submit(self, instruction: Instruction, *, weight: int = 1) -> Answer:
        """Has the instruction carried out and gives what came of it, after its commit. An order of many weighs as
        much as its items.

        Raises the Refusal that leaves no row, or ServiceBusy. Whoever stops waiting does not undo it.
        """
        if not self._open or self._weight + weight > (MOST_WAITING if weight == 1 else MOST_WITH_MANY):
            self.counts.busy += 1
            raise ServiceBusy("too much is waiting" if self._open else "the server is closing")
        loop = asyncio.get_running_loop()
        ticket = Ticket(instruction, loop.create_future(), loop.time(), weight)
        self._queue.append(ticket)
        self._weight += weight
        self._idle.clear()
        self._arrived.set()
        return await ticket.answer

    # ------------------------------------------------------------ the two tasks

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            if self._queue:
                await self._supervised(self._next())
            if not self._queue:
                self._arrived.clear()
                self._idle.set()

    def _next(self) -> list[Ticket]:
        """The oldest that together weigh no more than a unit takes, or the first alone."""
        weight, queue = 0, self._queue
        for count, ticket in enumerate(queue):
            weight += ticket.weight
            if weight > MOST_IN_UNIT:
                return [self._take() for _ in range(count or 1)]
        return [self._take() for _ in range(len(queue))]

    def _take(self) -> Ticket:
        """The oldest, which waits no more."""
        ticket = self._queue.popleft()
        self._weight -= ticket.weight
        return ticket

    async def _supervised(self, tickets: Sequence[Ticket]) -> None:
        """Nothing that goes wrong with one batch may stop the next one, or leave anybody waiting."""
        self._in_hand = tickets
        try:
            await self._settle(tickets)
        except Exception as error:
            log.exception("a unit of work failed beyond recovery")
            self._drop_connection()
            for ticket in tickets:
                ticket.settle(error)
        except asyncio.CancelledError:
            for ticket in tickets:
                ticket.settle(ServiceBusy("the server is closing", may_have_happened=True))
            raise
        finally:
            self._in_hand = ()

    async def _refuse_the_late(self) -> None:
        """The oldest stand first, so only the head of the queue is looked at.

        Of what is in hand nobody knows yet what becomes of it, and that is what those hear who waited long enough.
        """
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(WAIT_SECONDS / 8)
            for ticket in self._in_hand:
                if loop.time() - ticket.arrived >= WHOLE_SECONDS:
                    ticket.settle(ServiceBusy("it took too long", may_have_happened=True))
            late = 0
            for ticket in self._queue:
                if loop.time() - ticket.arrived < WAIT_SECONDS:
                    break
                late += 1
            self._refuse(late, "it waited too long for its turn")

    def _refuse(self, how_many: int, reason: str) -> None:
        for _ in range(how_many):
            self.counts.busy += 1
            self._take().settle(ServiceBusy(reason))

    # ------------------------------------------------------------ one batch

    async def _settle(self, tickets: Sequence[Ticket], *, alone: bool = False) -> None:
        """Carries the tickets out, however often it takes; each has its answer when this returns."""
        tries, skip_locked = 0, False
        while True:
            failed = await self._try(tickets, skip_locked=skip_locked)
            if failed is None:
                return
            failure, error = failed
            tries += 1
            self.counts.retries += 1
            log.warning("unit of work failed", failure=failure, size=len(tickets), error=type(error).__name__)
            if failure is Failure.UNKNOWN:
                self._drop_connection()
                tickets = self._still_in_time(tickets)
                if not tickets:
                    return
                await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.5, 2))
            elif failure is Failure.RETRY and tries <= TRIES:
                await asyncio.sleep(PAUSE_SECONDS * tries * random.random())
            elif failure is Failure.LOCK_TIMEOUT and not skip_locked:
                skip_locked = True
            elif failure is Failure.DISK_FULL:
                self._busy(tickets, "there is no room to write")
                return
            elif len(tickets) > 1 and not alone:
                for ticket in tickets:
                    if not ticket.given_up:
                        await self._settle([ticket], alone=True)
                return
            else:
                self._give_up(tickets, failure, error)
                return

    async def _try(self, tickets: Sequence[Ticket], *, skip_locked: bool) -> tuple[Failure, Exception] | None:
        """One unit of work; gives the error that ended it, or None when everybody has their answer."""
        progress = Progress()
        try:
            connection = self._connection = self._connection or await self._connected()
            instructions = [ticket.instruction for ticket in tickets]
            results = await carry_out(
                connection,
                instructions,
                self.terms,
                self.house,
                progress,
                skip_locked=skip_locked,
                writing=self._tell_soon,
            )
        except Exception as error:
            failure = Failure.BUG if progress.deciding else classify(error)
            if failure is Failure.UNKNOWN and progress.results is not None:
                for ticket, result in zip(tickets, progress.results, strict=True):
                    ticket.doubtful = ticket.first_answer(result)
            await self._roll_back()
            return failure, error
        self.counts.units += 1
        self.counts.instructions += len(tickets)
        for ticket, result in zip(tickets, results, strict=True):
            self._untold.append((ticket, ticket.first_answer(result)))
        if self._queue:
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
        waiting = []
        for ticket in tickets:
            if now - ticket.arrived < (WHOLE_SECONDS if ticket.in_doubt else WAIT_SECONDS):
                waiting.append(ticket)
            else:
                ticket.settle(ServiceBusy("the database does not answer", may_have_happened=ticket.in_doubt))
        return waiting

    def _give_up(self, tickets: Sequence[Ticket], failure: Failure, error: Exception) -> None:
        if failure in (Failure.CONSTRAINT, Failure.BUG):
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
        return await connect(self.database.dsn, name="pocketpay clearing", settings={**TIMEOUTS, **PLANS})

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
