"""Units of work that fail: each order is executed once or not at all, and its sender learns which."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from pocketpay.clearing import lane, unit
from pocketpay.clearing.book import Book
from pocketpay.clearing.footprint import Footprint
from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.lane import Lane
from pocketpay.clearing.outcome import Answer, Outcome
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.write import write
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Session
from pocketpay.errors import BooksDisagree, Refusal
from pocketpay.payments.cancel import Cancel
from pocketpay.payments.desk import Desk
from pocketpay.transactions.lifecycle import Status
from tests.clearing.instructions import all_told, answers, transfer_of
from tests.conftest import Dsns
from tests.patience import PATIENCE_SECONDS
from tests.payments.customers import (
    Person,
    Records,
    money,
    new_key,
    people,
    send,
    without_risk_rules,
)


@pytest.fixture
def dsns(database_dsn: Dsns) -> Dsns:
    """A new database for each test, because the tests count rows."""
    return database_dsn


@pytest.fixture
def kept() -> Terms:
    return without_risk_rules()


@dataclass(frozen=True)
class Stumble:
    """An instruction with a bug in it."""

    wallet_id: UUID
    error: Exception

    @property
    def footprint(self) -> Footprint:
        return Footprint(self.wallet_id)

    def decide(self, book: Book) -> Outcome:
        raise self.error


POISONS: dict[str, Callable[[Person, Person], Instruction]] = {
    "a NUL in a text": lambda ada, bob: transfer_of(ada, bob, description="a\0b"),
    "a lone surrogate in a text": lambda ada, bob: transfer_of(ada, bob, description="a\ud800b"),
    "an amount beyond 64 bits": lambda ada, bob: transfer_of(ada, bob, 2**63),
    "an amount beyond a constraint": lambda ada, bob: transfer_of(ada, bob, 2**62),
    "a bug": lambda ada, bob: Stumble(ada.wallet_id, ZeroDivisionError("a bug")),
    "a bug that looks like a lost connection": lambda ada, bob: Stumble(ada.wallet_id, ConnectionResetError("a bug")),
    "a broken invariant": lambda ada, bob: Stumble(ada.wallet_id, BooksDisagree("in a test")),
}


@pytest.mark.parametrize("poison", POISONS)
async def test_one_order_that_cannot_be_executed_fails_alone_among_twenty(
    desk: Desk, records: Records, poison: str
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    batch: list[Instruction] = [transfer_of(ada, bob) for _ in range(19)]
    batch.insert(9, POISONS[poison](ada, bob))
    told = await all_told(*map(desk.clearing.submit, batch))
    assert not isinstance(told[9], Answer | ServiceBusy | Refusal)
    assert [one.transaction.status for one in answers(told)] == [Status.COMPLETED] * 19
    assert await money(desk, ada) == (981, 0)
    assert (await send(desk, ada, bob, "0.01")).transaction.status is Status.COMPLETED


async def test_a_bug_in_the_clearing_does_not_stop_the_next_unit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob = await people(desk, 2, funds="10.00")

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(Lane, "_settle", broken)
        told = await all_told(*(send(desk, ada, bob, "0.01") for _ in range(3)))
    assert [type(one) for one in told] == [ZeroDivisionError] * 3
    assert (await send(desk, ada, bob, "0.01")).transaction.status is Status.COMPLETED


async def test_a_bug_outside_the_rules_is_given_up_after_a_few_tries(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    tries = 0

    async def broken(*_: object, **__: object) -> None:
        nonlocal tries
        tries += 1
        raise AttributeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(lane, "PAUSE_SECONDS", 0.001)
        patched.setattr(unit, "write", broken)
        told = await all_told(*(send(desk, ada, bob, "0.01") for _ in range(2)))
    assert [type(one) for one in told] == [AttributeError] * 2
    assert tries == 3 * (lane.TRIES + 1), "both together, then each alone"
    assert (await send(desk, ada, bob, "0.01")).transaction.status is Status.COMPLETED


async def test_a_driver_error_of_another_class_is_retried(
    desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    failures = [AttributeError("'NoneType' object has no attribute 'write'")]

    async def broken_once(session: Session, book: Book) -> None:
        if failures:
            raise failures.pop()
        await write(session, book)

    monkeypatch.setattr(unit, "write", broken_once)
    answer = await send(desk, ada, bob, "0.01")
    assert (answer.transaction.status, answer.replayed) == (Status.COMPLETED, False)


async def test_an_unreadable_row_fails_only_the_order_that_needs_it(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    held = (await send(desk, ada, bob, "1.00")).transaction
    nameless = '[{"facts": {}}]'
    await records.connection.execute("update transactions set risk_reasons = $2 where id = $1", held.id, nameless)
    told = await all_told(
        desk.submit(transfer_of(bob, ada)),
        desk.submit(Cancel(ada.wallet_id, held.id)),
        desk.submit(transfer_of(bob, ada)),
    )
    assert [type(one) for one in told] == [Answer, KeyError, Answer]


# ---------------------------------------------------------------- errors of PostgreSQL

FAULTS = """
create sequence fault_numbers;
create function fault() returns trigger language plpgsql security definer set search_path = public as $$
begin
    if nextval('fault_numbers') <= {times} then
        raise exception 'a fault for a test' using errcode = '{state}';
    end if;
    return null;
end $$;
create trigger fault before insert on transactions for each statement execute function fault();
"""


async def install(records: Records, state: str, times: int) -> None:
    """Makes the next `times` inserts into transactions fail with that SQLSTATE."""
    await records.connection.execute(FAULTS.format(state=state, times=times))


async def mend(records: Records) -> int:
    """Removes the fault. Returns how many inserts were tried."""
    tried = await records.count("select last_value from fault_numbers")
    await records.connection.execute("drop trigger fault on transactions")
    return tried


@pytest.mark.parametrize("state", ["40P01", "40001"])
async def test_deadlocks_and_serialization_failures_are_retried_three_times(
    desk: Desk, records: Records, state: str
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    await install(records, state, 3)
    answer = await send(desk, ada, bob, "0.01")
    assert (answer.transaction.status, answer.replayed) == (Status.COMPLETED, False)
    assert await mend(records) == 4
    assert await money(desk, ada) == (999, 0)


async def test_a_deadlock_that_repeats_is_answered_as_busy(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    await install(records, "40P01", 1_000)
    with pytest.raises(ServiceBusy) as busy:
        await send(desk, ada, bob, "0.01")
    assert not busy.value.may_have_happened
    assert await mend(records) == 4
    assert await money(desk, ada) == (1_000, 0)


async def test_orders_of_a_unit_that_timed_out_are_retried_one_by_one(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    await install(records, "57014", 1)
    told = await all_told(*(desk.submit(transfer_of(ada, bob)) for _ in range(5)))
    assert len(answers(told)) == 5
    assert await mend(records) == 1 + 5


@pytest.mark.parametrize(("state", "tries"), [("57014", 1 + 5), ("53200", 1 + 5), ("53100", 1), ("58030", 1)])
async def test_orders_that_the_database_cannot_execute_fail_as_busy_and_do_nothing(
    desk: Desk, records: Records, state: str, tries: int
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    await install(records, state, 1_000)
    told = await all_told(*(desk.submit(transfer_of(ada, bob)) for _ in range(5)))
    assert [type(one) for one in told] == [ServiceBusy] * 5
    assert not any(one.may_have_happened for one in told if isinstance(one, ServiceBusy))
    assert await mend(records) == tries
    assert await records.count("select count(*) from transactions where type = 'send'") == 0
    assert (await send(desk, ada, bob, "0.01")).transaction.status is Status.COMPLETED


@pytest.mark.parametrize("state", ["25P03", "25P04", "25006", "53300", "57P01", "57P02", "57P03", "08006", "40003"])
async def test_an_unknown_outcome_is_looked_up_over_a_new_connection(
    desk: Desk, records: Records, state: str
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    backend = "select count(*) from pg_stat_activity where application_name = 'pocketpay clearing' and pid = $1"
    pid = desk.clearing._lanes[0]._connection.get_server_pid()  # type: ignore[union-attr]  # it is open
    await install(records, state, 2)
    answer = await send(desk, ada, bob, "0.01")
    assert (answer.transaction.status, answer.replayed) == (Status.COMPLETED, False)
    assert await mend(records) == 3
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await records.count(backend, pid):  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.01)


async def test_a_constraint_that_every_order_violates_fails_each_with_its_own_error(
    desk: Desk, records: Records
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    await install(records, "23514", 1_000)
    told = await all_told(*(desk.submit(transfer_of(ada, bob)) for _ in range(3)))
    assert not any(isinstance(one, Answer | Refusal | ServiceBusy) for one in told)
    assert await mend(records) == 1 + 3


# ---------------------------------------------------------------- connections that end


@dataclass
class Load:
    """Customers who pay one another continuously, and the answers that they get."""

    desk: Desk
    customers: list[Person]
    told: dict[str, Answer] = field(default_factory=dict)
    errors: list[BaseException] = field(default_factory=list)

    async def customer(self, stop: asyncio.Event, chance: random.Random) -> None:
        while not stop.is_set():
            sender, to = chance.sample(self.customers, 2)
            key = new_key()
            try:
                self.told[key] = await send(self.desk, sender, to, "0.01", key=key)
            except Exception as error:  # every one is a failure of this test
                self.errors.append(error)

    @asynccontextmanager
    async def running(self, clients: int = 12) -> AsyncIterator[None]:
        stop = asyncio.Event()
        tasks = [asyncio.create_task(self.customer(stop, random.Random(n))) for n in range(clients)]
        try:
            yield
        finally:
            stop.set()
            await asyncio.gather(*tasks)


async def test_nine_terminated_connections_lose_no_payment_and_repeat_none(desk: Desk, records: Records) -> None:
    load = Load(desk, await people(desk, 6, funds="1000.00"))
    async with load.running():
        for _ in range(9):
            await asyncio.sleep(0.12)
            await records.connection.fetch(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = current_database() and application_name = 'pocketpay clearing'"
            )
    assert load.errors == []
    assert not any(answer.replayed or answer.refusal for answer in load.told.values())
    rows = await records.connection.fetch(
        "select key, result_ids[1] from idempotency_keys where operation = 'transfer'"
    )
    assert {row[0]: row[1] for row in rows} == {key: answer.transaction.id for key, answer in load.told.items()}
    assert await records.count("select count(*) from transactions where type = 'send'") == len(load.told)
    assert desk.clearing.counts.retries >= 5
    assert sum([(await money(desk, one))[0] for one in load.customers]) == 600_000
