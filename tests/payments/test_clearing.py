"""The clearing: what arrives together goes together, exactly one wins, and whatever breaks, each order is carried out
once or not at all and its sender hears which."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import pytest
import uuid_utils.compat as uuids

from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import connect
from pocketpay.errors import BooksDisagree, Refusal
from pocketpay.money import Money
from pocketpay.payments import clearing as clearings
from pocketpay.payments.book import Book
from pocketpay.payments.cancel import Cancel
from pocketpay.payments.clearing import Clearing
from pocketpay.payments.confirm import Confirm, confirm
from pocketpay.payments.desk import Desk
from pocketpay.payments.errors import WrongState
from pocketpay.payments.expire import Expire
from pocketpay.payments.instruction import Answer, Footprint, Instruction, Key, Outcome
from pocketpay.payments.lifecycle import Status
from pocketpay.payments.transaction import Transaction
from pocketpay.payments.transfer import Transfer
from tests.conftest import Dsns
from tests.payments.customers import (
    Person,
    Records,
    money,
    new_key,
    open_desk,
    pay_in,
    people,
    person,
    records_of,
    send,
    terms,
    unguarded,
)

Told = Answer | BaseException


@pytest.fixture
async def records(database_dsn: Dsns) -> AsyncIterator[Records]:
    async with records_of(database_dsn.server, database_dsn.owner) as records:
        yield records
        assert await records.findings() == []


@pytest.fixture
async def desk(database_dsn: Dsns, records: Records) -> AsyncIterator[Desk]:
    """A desk where nothing is risky."""
    async with open_desk(database_dsn.server, unguarded()) as desk:
        yield desk


@pytest.fixture
async def two_desks(database_dsn: Dsns, records: Records) -> AsyncIterator[list[Desk]]:
    """Two servers on one database."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_desk(database_dsn.server, unguarded())) for _ in range(2)]


@asynccontextmanager
async def held_elsewhere(desk: Desk, *whose: Person) -> AsyncIterator[None]:
    """Somebody else's session has those wallets' accounts locked."""
    other = await connect(desk.database.dsn)
    try:
        await other.execute("begin")
        await other.execute(
            "select from ledger_accounts where id = any($1::uuid[]) for no key update",
            [one.wallet_id for one in whose],
        )
        yield
    finally:
        await other.close()


async def all_told(*orders: Awaitable[Answer]) -> list[Told]:
    return await asyncio.gather(*orders, return_exceptions=True)


def answers(told: list[Told]) -> list[Answer]:
    return [one for one in told if isinstance(one, Answer)]


async def taken_up(desk: Desk) -> None:
    """Waits until what waits has been taken into a unit of work."""
    async with asyncio.timeout(2):
        while desk.clearing.waiting:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.002)


def transfer_of(sender: Person, to: Person, minor: int = 1, *, description: str = "Lunch") -> Transfer:
    """An instruction as it is after parsing, which it never saw."""
    key = Key(sender.wallet_id, new_key(), "transfer", bytes(32))
    return Transfer(uuids.uuid7(), sender.wallet_id, to.wallet_id, Money(minor, "USD"), description, key)


# ---------------------------------------------------------------- together


async def test_what_arrives_during_a_unit_goes_as_the_next_and_at_most_128_at_once(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    before = replace(desk.clearing.counts)
    async with held_elsewhere(desk, ada):
        first = asyncio.create_task(desk.clearing.submit(transfer_of(ada, bob)))
        await asyncio.sleep(0)
        await taken_up(desk)
        others = [asyncio.create_task(desk.clearing.submit(transfer_of(ada, bob))) for _ in range(200)]
        await asyncio.sleep(0.05)
        assert desk.clearing.waiting == 200
    told = await all_told(first, *others)
    assert {one.transaction.status for one in answers(told)} == {Status.COMPLETED}
    assert desk.clearing.counts.units - before.units == 1 + 2
    assert desk.clearing.counts.instructions - before.instructions == 201


async def test_idle_clearing_waits_for_no_timer(desk: Desk) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    await send(desk, ada, bob, "0.01")
    loop = asyncio.get_running_loop()
    took = []
    for _ in range(5):
        began = loop.time()
        await send(desk, ada, bob, "0.01")
        took.append(loop.time() - began)
    assert min(took) < 0.05


async def test_orders_of_one_unit_see_one_another_in_the_order_of_arrival(desk: Desk) -> None:
    ada, bob, cyd = await people(desk, 3)
    await pay_in(desk, ada, "1.00")
    async with held_elsewhere(desk, ada):
        chain = [transfer_of(ada, bob, 100), transfer_of(bob, cyd, 100), transfer_of(cyd, ada, 100)]
        orders = [asyncio.create_task(desk.clearing.submit(one)) for one in chain]
        await asyncio.sleep(0)
        await taken_up(desk)
    assert [one.transaction.status for one in answers(await all_told(*orders))] == [Status.COMPLETED] * 3
    assert [await money(desk, one) for one in (ada, bob, cyd)] == [(100, 0), (0, 0), (0, 0)]


# ---------------------------------------------------------------- exactly one wins


async def test_whole_balance_sent_64_times_at_once_is_sent_once(two_desks: list[Desk], records: Records) -> None:
    ada = await person(two_desks[0], funds="100.00")
    others = await people(two_desks[0], 4)
    told = await all_told(*(send(two_desks[n % 2], ada, others[n % 4], "100.00") for n in range(64)))
    statuses = sorted(one.transaction.status for one in answers(told))
    assert statuses == [Status.COMPLETED] + [Status.FAILED] * 63
    assert await money(two_desks[0], ada) == (0, 0)
    assert sum([(await money(two_desks[0], one))[0] for one in others]) == 10_000


async def test_held_whole_balance_is_held_once(two_desks: list[Desk], records: Records) -> None:
    ada, bob = await people(two_desks[0], 2, funds="100.00")
    for desk in two_desks:
        desk.clearing.terms = terms()
    told = await all_told(*(send(two_desks[n % 2], ada, bob, "100.00") for n in range(32)))
    statuses = sorted(one.transaction.status for one in answers(told))
    assert statuses == [Status.FAILED] * 31 + [Status.PENDING_CONFIRMATION]


async def test_of_confirmations_and_cancellations_at_once_exactly_one_wins(
    two_desks: list[Desk], records: Records
) -> None:
    for desk in two_desks:
        desk.clearing.terms = terms(rapid_transfer_action="off")
    chance = random.Random(7)
    for _ in range(4):
        ada, bob = await person(two_desks[0], funds="100.00"), await person(two_desks[0])
        held = (await send(two_desks[0], ada, bob, "40.00")).transaction
        said = [chance.choice((Confirm(ada.wallet_id, bob.wallet_id, held.id), Cancel(ada.wallet_id, held.id)))
                for _ in range(50)]  # fmt: skip
        told = await all_told(*(two_desks[n % 2].clearing.submit(one) for n, one in enumerate(said)))
        reached = Status(str((await records.transaction(held.id))["status"]))
        winner = Confirm if reached is Status.COMPLETED else Cancel
        assert {one.transaction.status for one in answers(told)} == {reached}
        assert [one.replayed for one in answers(told)].count(False) == 1
        for one, heard in zip(said, told, strict=True):
            assert isinstance(heard, Answer) == isinstance(one, winner)
            assert isinstance(heard, Answer | WrongState)
        moved = 4_000 if reached is Status.COMPLETED else 0
        assert (await money(desk, ada), await money(desk, bob)) == ((10_000 - moved, 0), (moved, 0))


async def test_of_confirmation_cancellation_and_expiry_at_once_exactly_one_wins(
    two_desks: list[Desk], records: Records
) -> None:
    reached = set()
    chance = random.Random(11)
    for round_number in range(12):
        ada, bob = await person(two_desks[0], funds="100.00"), await person(two_desks[0])
        for desk in two_desks:
            desk.clearing.terms = replace(terms(), confirmation=timedelta(milliseconds=1 + 3 * round_number))
        held = (await send(two_desks[0], ada, bob, "40.00")).transaction
        said = [
            chance.choice(
                (
                    Confirm(ada.wallet_id, bob.wallet_id, held.id),
                    Cancel(ada.wallet_id, held.id),
                    Expire(ada.wallet_id, held.id),
                )
            )
            for _ in range(50)
        ]

        async def later(desk: Desk, one: Confirm | Cancel | Expire, seconds: float) -> Answer:
            await asyncio.sleep(seconds)
            return await desk.clearing.submit(one)

        told = await all_told(
            *(later(two_desks[n % 2], one, chance.random() * 0.02) for n, one in enumerate(said)),
            later(two_desks[0], Expire(ada.wallet_id, held.id), 0.06),
        )
        kept = await records.transaction(held.id)
        final = Status(kept["status"])
        reached.add(final)
        assert kept["version"] == 2
        assert final in (Status.COMPLETED, Status.CANCELLED, Status.EXPIRED)
        assert all(isinstance(one, Answer | WrongState) for one in told)
        assert sum(not one.replayed for one in answers(told) if one.transaction.status is final) <= 1
        moved = 4_000 if final is Status.COMPLETED else 0
        assert (await money(desk, ada), await money(desk, bob)) == ((10_000 - moved, 0), (moved, 0))
        assert bool(await records.entries(held.id)) == bool(moved)
    assert Status.EXPIRED in reached


async def test_one_key_sent_twenty_times_at_once_pays_once(two_desks: list[Desk], records: Records) -> None:
    ada, bob = await people(two_desks[0], 2, funds="100.00")
    for _ in range(3):
        key = new_key()
        told = await all_told(*(send(two_desks[n % 2], ada, bob, "1.00", key=key) for n in range(20)))
        assert len({one.transaction.id for one in answers(told)}) == 1
        assert sorted(one.replayed for one in answers(told)) == [False] + [True] * 19
    assert await money(two_desks[0], ada) == (9_700, 0)


async def test_one_key_for_two_things_at_once_is_good_for_one(two_desks: list[Desk], records: Records) -> None:
    ada, bob = await people(two_desks[0], 2, funds="100.00")
    key = new_key()
    told = await all_told(*(send(two_desks[n % 2], ada, bob, f"{1 + n % 4}.00", key=key) for n in range(20)))
    assert len(answers(told)) == 5
    assert {one.code for one in told if isinstance(one, Refusal)} == {"IDEMPOTENCY_KEY_REUSED"}
    assert await records.count("select count(*) from transactions where type = 'send'") == 1


async def test_two_directions_never_deadlock(two_desks: list[Desk], records: Records) -> None:
    ada, bob, cyd = await people(two_desks[0], 3, funds="100.00")
    ways = [(ada, bob), (bob, ada), (cyd, ada), (bob, cyd)]
    deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
    before = await records.count(deadlocks)
    for _ in range(5):
        told = await all_told(*(send(two_desks[n % 2], *ways[n % 4 - n % 3], "0.01") for n in range(120)))
        assert {one.transaction.status for one in answers(told)} == {Status.COMPLETED}
        assert len(answers(told)) == 120
    assert [desk.clearing.counts.retries for desk in two_desks] == [0, 0]
    assert await records.count(deadlocks) == before
    assert sum([(await money(two_desks[0], one))[0] for one in (ada, bob, cyd)]) == 30_000


# ---------------------------------------------------------------- one that fails, fails alone


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
    "half a character": lambda ada, bob: transfer_of(ada, bob, description="a\ud800b"),
    "more than 64 bits hold": lambda ada, bob: transfer_of(ada, bob, 2**63),
    "more than a constraint allows": lambda ada, bob: transfer_of(ada, bob, 2**62),
    "a bug": lambda ada, bob: Stumble(ada.wallet_id, ZeroDivisionError("a bug")),
    "books that disagree": lambda ada, bob: Stumble(ada.wallet_id, BooksDisagree("in a test")),
}


@pytest.mark.parametrize("poison", POISONS)
async def test_poison_among_twenty_fails_alone(desk: Desk, records: Records, poison: str) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    batch: list[Instruction] = [transfer_of(ada, bob) for _ in range(19)]
    batch.insert(9, POISONS[poison](ada, bob))
    loop = asyncio.get_running_loop()
    began = loop.time()
    told = await all_told(*map(desk.clearing.submit, batch))
    assert loop.time() - began < 1
    assert not isinstance(told[9], Answer | ServiceBusy | Refusal)
    assert [one.transaction.status for one in answers(told)] == [Status.COMPLETED] * 19
    assert await money(desk, ada) == (981, 0)
    assert (await send(desk, ada, bob, "0.01")).transaction.status is Status.COMPLETED


async def test_bug_in_the_clearing_itself_does_not_stop_the_next_batch(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(Clearing, "_settle", broken)
        told = await all_told(*(send(desk, ada, bob, "0.01") for _ in range(3)))
    assert [type(one) for one in told] == [ZeroDivisionError] * 3
    assert (await send(desk, ada, bob, "0.01")).transaction.status is Status.COMPLETED


async def test_wallet_held_elsewhere_stops_only_its_own_orders(desk: Desk, records: Records) -> None:
    ada, bob, cyd = await people(desk, 3, funds="10.00")
    loop = asyncio.get_running_loop()
    async with held_elsewhere(desk, cyd):
        began = loop.time()
        ways = [(ada, bob), (cyd, ada), (bob, ada), (ada, cyd)] * 5
        told = await all_told(*(desk.clearing.submit(transfer_of(*way)) for way in ways))
        assert loop.time() - began < 1.8
    for way, heard in zip(ways, told, strict=True):
        assert isinstance(heard, ServiceBusy if cyd in way else Answer), (way, heard)
    assert not any(one.may_have_happened for one in told if isinstance(one, ServiceBusy))
    assert await money(desk, cyd) == (1_000, 0)
    assert await records.count("select count(*) from transactions where type = 'send'") == 10
    assert (await send(desk, cyd, ada, "0.01")).transaction.status is Status.COMPLETED


# ---------------------------------------------------------------- too much


async def test_full_queue_is_refused_at_once(desk: Desk, records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clearings, "MOST_WAITING", 10)
    ada, bob = await people(desk, 2, funds="10.00")
    loop = asyncio.get_running_loop()
    async with held_elsewhere(desk, ada):
        first = asyncio.create_task(desk.clearing.submit(transfer_of(ada, bob)))
        await asyncio.sleep(0)
        await taken_up(desk)
        waiting = [asyncio.create_task(desk.clearing.submit(transfer_of(ada, bob))) for _ in range(10)]
        await asyncio.sleep(0)
        began = loop.time()
        with pytest.raises(ServiceBusy) as busy:
            await desk.clearing.submit(transfer_of(ada, bob))
        assert loop.time() - began < 0.05
        assert not busy.value.may_have_happened
    assert len(answers(await all_told(first, *waiting))) == 11
    assert await money(desk, ada) == (989, 0)


async def test_what_waits_too_long_for_its_turn_is_refused_and_not_done(
    database_dsn: Dsns, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearings, "WAIT_SECONDS", 0.2)
    async with open_desk(database_dsn.server, unguarded()) as desk:
        ada, bob = await people(desk, 2, funds="10.00")
        async with held_elsewhere(desk, ada):
            first = asyncio.create_task(desk.clearing.submit(transfer_of(ada, bob)))
            await asyncio.sleep(0)
            await taken_up(desk)
            late = await asyncio.wait_for(all_told(*(send(desk, ada, bob, "0.01") for _ in range(5))), 0.6)
        assert all(isinstance(one, ServiceBusy) and not one.may_have_happened for one in late)
        assert isinstance(await first, Answer)
        await send(desk, bob, ada, "0.01")
        assert await money(desk, ada) == (1_000, 0)


# ---------------------------------------------------------------- what PostgreSQL may say

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
    """The next inserts into transactions fail that often."""
    await records.connection.execute(FAULTS.format(state=state, times=times))


async def mend(records: Records) -> int:
    """Takes the fault away; gives how often an insert was tried."""
    tried = await records.count("select last_value from fault_numbers")
    await records.connection.execute("drop trigger fault on transactions")
    return tried


@pytest.mark.parametrize("state", ["40P01", "40001"])
async def test_deadlock_and_serialization_are_tried_again_three_times(
    desk: Desk, records: Records, state: str
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    await install(records, state, 3)
    answer = await send(desk, ada, bob, "0.01")
    assert (answer.transaction.status, answer.replayed) == (Status.COMPLETED, False)
    assert await mend(records) == 4
    assert await money(desk, ada) == (999, 0)


async def test_deadlock_that_does_not_end_is_answered_busy(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    await install(records, "40P01", 1_000)
    with pytest.raises(ServiceBusy) as busy:
        await send(desk, ada, bob, "0.01")
    assert not busy.value.may_have_happened
    assert await mend(records) == 4
    assert await money(desk, ada) == (1_000, 0)


async def test_statement_that_took_too_long_is_tried_again_each_alone(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    await install(records, "57014", 1)
    told = await all_told(*(desk.clearing.submit(transfer_of(ada, bob)) for _ in range(5)))
    assert len(answers(told)) == 5
    assert await mend(records) == 1 + 5


@pytest.mark.parametrize(("state", "tries"), [("57014", 1 + 5), ("53200", 1 + 5), ("53100", 1), ("58030", 1)])
async def test_what_the_database_cannot_do_now_is_busy_and_not_done(
    desk: Desk, records: Records, state: str, tries: int
) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    await install(records, state, 1_000)
    told = await all_told(*(desk.clearing.submit(transfer_of(ada, bob)) for _ in range(5)))
    assert [type(one) for one in told] == [ServiceBusy] * 5
    assert not any(one.may_have_happened for one in told if isinstance(one, ServiceBusy))
    assert await mend(records) == tries
    assert await records.count("select count(*) from transactions where type = 'send'") == 0
    assert (await send(desk, ada, bob, "0.01")).transaction.status is Status.COMPLETED


@pytest.mark.parametrize("state", ["25P03", "25P04", "25006", "53300", "57P01", "57P02", "57P03", "08006", "40003"])
async def test_unknown_outcome_is_found_out_over_a_new_connection(desk: Desk, records: Records, state: str) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    backend = "select count(*) from pg_stat_activity where application_name = 'pocketpay clearing' and pid = $1"
    pid = desk.clearing._connection.get_server_pid()  # type: ignore[union-attr]
    await install(records, state, 2)
    answer = await send(desk, ada, bob, "0.01")
    assert (answer.transaction.status, answer.replayed) == (Status.COMPLETED, False)
    assert await mend(records) == 3
    async with asyncio.timeout(2):
        while await records.count(backend, pid):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


async def test_constraint_that_breaks_for_all_fails_each_with_its_own_error(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    await install(records, "23514", 1_000)
    told = await all_told(*(desk.clearing.submit(transfer_of(ada, bob)) for _ in range(3)))
    assert not any(isinstance(one, Answer | Refusal | ServiceBusy) for one in told)
    assert await mend(records) == 1 + 3


# ---------------------------------------------------------------- coming and going


async def test_client_that_goes_away_does_not_undo_its_order(desk: Desk, records: Records) -> None:
    ada, bob = await people(desk, 2, funds="10.00")
    async with held_elsewhere(desk, ada):
        gone = [asyncio.create_task(desk.clearing.submit(transfer_of(ada, bob))) for _ in range(3)]
        await asyncio.sleep(0)
        await taken_up(desk)
        gone += [asyncio.create_task(desk.clearing.submit(transfer_of(ada, bob))) for _ in range(3)]
        stays = asyncio.create_task(desk.clearing.submit(transfer_of(ada, bob)))
        await asyncio.sleep(0.02)
        for client in gone:
            client.cancel()
    assert (await stays).transaction.status is Status.COMPLETED
    assert all(isinstance(one, asyncio.CancelledError) for one in await all_told(*gone))
    assert await money(desk, ada) == (993, 0)


async def test_closing_finishes_what_waits_and_takes_no_more(database_dsn: Dsns, records: Records) -> None:
    async with open_desk(database_dsn.server, unguarded()) as desk:
        ada, bob = await people(desk, 2, funds="10.00")
        orders = [asyncio.create_task(desk.clearing.submit(transfer_of(ada, bob))) for _ in range(300)]
        await asyncio.sleep(0)
        await desk.clearing.close()
        assert all(order.done() for order in orders)
        assert len(answers(await all_told(*orders))) == 300
        with pytest.raises(ServiceBusy) as busy:
            await desk.clearing.submit(transfer_of(ada, bob))
        assert not busy.value.may_have_happened
        assert await money(desk, ada) == (700, 0)
    assert await records.count(
        "select count(*) from pg_stat_activity where datname = current_database() "
        "and application_name = 'pocketpay clearing'"
    ) == 0  # fmt: skip


async def test_closing_in_the_middle_of_a_unit_leaves_nobody_waiting(database_dsn: Dsns, records: Records) -> None:
    async with open_desk(database_dsn.server, unguarded()) as desk:
        ada, bob = await people(desk, 2, funds="10.00")
        async with held_elsewhere(desk, ada):
            orders = [asyncio.create_task(desk.clearing.submit(transfer_of(ada, bob)))]
            await asyncio.sleep(0)
            await taken_up(desk)
            orders.append(asyncio.create_task(desk.clearing.submit(transfer_of(ada, bob))))
            await asyncio.sleep(0)
            await desk.clearing.close(seconds=0.05)
        assert [type(one) for one in await all_told(*orders)] == [ServiceBusy] * 2


@dataclass
class Load:
    """People who pay one another without end, and what they were told."""

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


async def test_connection_terminated_nine_times_loses_and_doubles_nothing(desk: Desk, records: Records) -> None:
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


def held_of(transaction: Transaction) -> UUID:
    assert transaction.status is Status.PENDING_CONFIRMATION
    return transaction.id


async def test_confirming_again_after_a_while_changes_nothing(desk: Desk, records: Records) -> None:
    desk.clearing.terms = terms()
    ada, bob = await people(desk, 2, funds="10.00")
    held = held_of((await send(desk, ada, bob, "1.00")).transaction)
    told = await all_told(*(confirm(desk, ada.wallet_id, held) for _ in range(10)))
    assert [one.replayed for one in answers(told)].count(False) == 1
    assert len(answers(told)) == 10
