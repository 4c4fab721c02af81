"""A lane: runs units of work one after another on a connection of its own, and handles their failures.

    when a unit fails with              the lane
    a violated constraint, or a bug     retries each instruction alone, so that only the faulty one fails
    in a rule of ours
    a deadlock or serialization         retries the unit up to three times, with jitter
    failure
    an account locked by another        postpones the account's instructions and retries the unit without them; the
    session                             queue probes the lock every PROBE_SECONDS, and refuses with ServiceBusy after
                                        WAIT_SECONDS
    a timeout on another lock           retries each instruction alone, up to three times, then raises ServiceBusy
    a statement timeout                 retries each instruction alone, then raises ServiceBusy
    a full disk                         raises ServiceBusy
    any other error                     reconnects and retries with the same ids and keys; if the first try had been
                                        committed, the retry returns its outcome
    an error that looks like a bug      as any other error, up to three times; then like a bug in a rule. Once a
    outside the rules                   commit may have happened, always as any other error

A unit does not fail when an account's last change is in the future: it leaves out the instructions that need the
account. They are refused with ServiceBusy immediately, and an alarm names the account (decision 27).
"""

import asyncio
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import structlog

from pocketpay.clearing import waiting
from pocketpay.clearing.answers import Answers
from pocketpay.clearing.clock_alarm import AHEAD, ClockAlarm
from pocketpay.clearing.progress import Progress, RuleFailed
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.ticket import Counts, Ticket
from pocketpay.clearing.unit import carry_out
from pocketpay.clearing.waiting import Waiting, in_time
from pocketpay.database.connecting import TIMEOUTS
from pocketpay.database.failures import Failure, ServiceBusy, classify, looks_like_bug
from pocketpay.database.sessions import Connection, Database, Session, connect
from pocketpay.ledger.house import HouseAccounts
from pocketpay.ledger.repository import postings as ledger

LOCK_MILLISECONDS = 100
"""How long a unit waits for a lock. Units of other servers often lock the same accounts for 5 to 70 ms. To wait in
PostgreSQL's own queue is then the fastest way, and it is fair (decision 22). No unit holds a lock for longer."""

TRIES = 3
PAUSE_SECONDS = 0.05
ROLL_BACK_SECONDS = 1.0
REOPEN_SECONDS = 1.0

OWN_FAULT = (Failure.CONSTRAINT, Failure.BUG)
"""Failures that the instruction itself causes."""

PLANNER_SETTINGS = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    "jit": "off",
}
"""Planner settings of a lane's connection. Its statements always read a few rows by key. On new tables without
statistics, the planner would choose sequential scans and keep those plans while the tables grow (decision 4)."""

log = structlog.get_logger(__name__)


class Failed(NamedTuple):
    """The error that ended a unit of work. `on_accounts` is True if the unit failed before it had locked its
    accounts."""

    failure: Failure
    error: Exception
    on_accounts: bool


@dataclass(slots=True)
class Lane:
    """Runs units of work one after another. `terms` returns the terms in force."""

    database: Database
    terms: Callable[[], Terms]
    house: HouseAccounts
    waiting: Waiting
    answers: Answers
    counts: Counts
    clock_alarm: ClockAlarm
    in_unit: Sequence[Ticket] = ()
    """The orders of the running unit."""
    _connection: Connection | None = None
    _next_open: float = 0.0
    _is_probing: bool = False

    @property
    def is_running(self) -> bool:
        """Whether a unit of work is running."""
        return bool(self.in_unit)

    @property
    def is_free(self) -> bool:
        """Whether it could start a unit now."""
        return not (self.in_unit or self._is_probing)

    @property
    def is_connected(self) -> bool:
        """Whether it has a connection. It may be lost without our knowledge."""
        return self._connection is not None

    async def open(self) -> None:
        """Connects. Raises ServiceBusy when the database does not answer."""
        self._connection = await self._connected()

    async def reopen(self) -> bool:
        """Connects if there is no connection, and no try has failed within REOPEN_SECONDS. Returns whether there is
        one."""
        now = asyncio.get_running_loop().time()
        if self._connection is None and now >= self._next_open:
            try:
                await self.open()
            except ServiceBusy:
                self._next_open = now + REOPEN_SECONDS
        return self.is_connected

    def close(self) -> None:
        """Closes the connection."""
        self._drop_connection()

    def refuse_late(self, now: float) -> None:
        """Refuses the orders of the running unit that have waited too long. They may have been executed."""
        for ticket in self.in_unit:
            if not ticket.waiting and now - ticket.arrived >= waiting.IN_DOUBT_SECONDS:
                ticket.settle(ServiceBusy("it took too long", may_have_happened=True))

    async def run(self, tickets: Sequence[Ticket]) -> None:
        """Settles the tickets. Whatever fails, every ticket gets an answer and the next unit can run."""
        self.in_unit = tickets
        try:
            await self._settle(tickets)
        except Exception as error:  # whatever it is, every order gets an answer
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
            self.in_unit = ()

    async def _without_locked(self, tickets: Sequence[Ticket]) -> list[Ticket]:
        """Postpones the tickets whose accounts are locked, and returns the others."""
        locked = await self.locked(frozenset().union(*(ticket.accounts for ticket in tickets)))
        return self._still_in_time(self.waiting.postpone(tickets, locked or set()))

    async def locked(self, accounts: Collection[UUID]) -> set[UUID] | None:
        """Returns the accounts that another session has locked.

        Returns None if the probe fails, for example because the whole table is locked.
        """
        self._is_probing = True
        try:
            connection = self._connection = self._connection or await self._connected()
            return await ledger.locked_elsewhere(Session(connection), accounts)
        except Exception as error:  # without an answer, the next unit tries the accounts
            log.warning("locked_accounts_unknown", error=type(error).__name__)
            if classify(error) is Failure.UNKNOWN:
                self._drop_connection()
            return None
        finally:
            self._is_probing = False

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
            if failure is Failure.UNKNOWN and tries > TRIES and looks_like_bug(error) and not _in_doubt(tickets):
                failure = Failure.BUG
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
                connection, instructions, self.terms(), self.house, progress, writing=self.answers.send_soon
            )
        except RuleFailed as failed:
            await self._roll_back()
            return Failed(Failure.BUG, failed.error, on_accounts=not progress.locked)
        except Exception as error:  # `classify` has a meaning for every error
            failure = classify(error)
            if failure is Failure.UNKNOWN and progress.results is not None:
                for ticket, result in zip(tickets, progress.results, strict=True):
                    ticket.possible_answer = ticket.possible_answer if result is None else ticket.first_answer(result)
            await self._roll_back()
            return Failed(failure, error, on_accounts=not progress.locked)
        refused = [ticket for ticket, result in zip(tickets, results, strict=True) if result is None]
        self.answers.keep(
            (ticket, ticket.first_answer(result))
            for ticket, result in zip(tickets, results, strict=True)
            if result is not None
        )
        if executed := len(tickets) - len(refused):
            self._count_unit(executed, asyncio.get_running_loop().time() - started)
        if refused:
            self.counts.ahead += len(refused)
            self.clock_alarm.report(progress.ahead)
            self._busy(refused, AHEAD)
        if not self.waiting.more:
            self.answers.send()
        return None

    def _count_unit(self, instructions: int, seconds: float) -> None:
        counts = self.counts
        counts.units += 1
        counts.instructions += instructions
        counts.unit_sizes.observe(instructions)
        counts.unit_seconds.observe(seconds)

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
        return await connect(
            self.database.dsn,
            name="pocketpay clearing",
            settings=settings,
            keeps_times=True,
            prepared=(ledger.PREPARE_LOCK,),
        )

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


def _in_doubt(tickets: Sequence[Ticket]) -> bool:
    return any(ticket.in_doubt for ticket in tickets)
