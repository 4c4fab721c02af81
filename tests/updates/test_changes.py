"""A subscriber receives every change that they may see, once and in order, even if they read slowly."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Session
from pocketpay.updates.changes import PAGE, Changes, Place, Watch
from pocketpay.updates.signals import Signal, TransactionSignal
from tests.updates.waiting import soon, until

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Payment:
    """The attributes of a transaction that the feed uses."""

    id: UUID
    version: int
    updated_at: datetime
    source: UUID
    destination: UUID
    completed: bool = True

    def visible_to(self, wallet_id: UUID) -> bool:
        return wallet_id == self.source or (self.completed and wallet_id == self.destination)


@dataclass
class Books:
    """Payments by id, each one microsecond after the previous one."""

    payments: dict[UUID, Payment] = field(default_factory=dict)
    reads: int = 0
    error: Exception | None = None

    def pay(self, source: UUID, destination: UUID, *, completed: bool = True) -> Payment:
        return self.keep(Payment(uuid4(), 0, NOON, source, destination, completed))

    def keep(self, payment: Payment) -> Payment:
        stamp = max((other.updated_at for other in self.payments.values()), default=NOON) + timedelta(microseconds=1)
        self.payments[payment.id] = kept = replace(payment, version=payment.version + 1, updated_at=stamp)
        return kept

    async def read(self, ids: Sequence[UUID]) -> Mapping[UUID, Payment]:
        self.reads += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return {id: self.payments[id] for id in ids}

    async def read_since(self, wanted: Sequence[tuple[UUID, Place]]) -> Sequence[Sequence[Payment]]:
        self.reads += 1
        in_order = sorted(self.payments.values(), key=lambda payment: (payment.updated_at, payment.id))
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return [
            [p for p in in_order if p.visible_to(wallet) and (p.updated_at, p.id) > place][:PAGE]
            for wallet, place in wanted
        ]

    async def count_since(self, session: Session, wallet: UUID, place: Place, most: int) -> tuple[datetime, int]:
        raise AssertionError("a feed counts only when a subscriber asks")


@dataclass(frozen=True)
class Scene:
    books: Books
    changes: Changes[Payment]

    def signal(self, *payments: Payment) -> None:
        self.changes.on_signal(
            Signal(transactions={p.id: TransactionSignal(p.version, p.source, p.destination) for p in payments})
        )


@asynccontextmanager
async def telling() -> AsyncIterator[Scene]:
    books = Books()
    changes = Changes(
        "test",
        concerns=lambda signal: ((id, (told[1], told[2])) for id, told in signal.transactions.items()),
        read=books.read,
        read_since=books.read_since,
        count_since=books.count_since,
        since=lambda: NOON,
    )
    changes.pump.start()
    try:
        yield Scene(books, changes)
    finally:
        await changes.pump.close()


async def next_changes(watch: Watch[Payment], count: int) -> list[Payment]:
    return [await soon(watch.next()) for _ in range(count)]


@pytest.fixture
def payer() -> UUID:
    return uuid4()


@pytest.fixture
def payee() -> UUID:
    return uuid4()


async def test_both_parties_receive_a_completed_payment(payer: UUID, payee: UUID) -> None:
    async with telling() as scene:
        with scene.changes.watch(payer) as one, scene.changes.watch(payee) as other:
            payment = scene.books.pay(payer, payee)
            scene.signal(payment)
            assert await next_changes(one, 1) == await next_changes(other, 1) == [payment]
        assert scene.books.reads == 1


async def test_the_recipient_receives_a_payment_only_when_it_is_completed(payer: UUID, payee: UUID) -> None:
    async with telling() as scene:
        with scene.changes.watch(payer) as one, scene.changes.watch(payee) as other:
            pending = scene.books.pay(payer, payee, completed=False)
            scene.signal(pending)
            assert await next_changes(one, 1) == [pending]
            assert other.drained
            completed = scene.books.keep(replace(pending, completed=True))
            scene.signal(completed)
            assert await next_changes(other, 1) == [completed]


async def test_changes_of_other_wallets_are_neither_sent_nor_read(payer: UUID, payee: UUID) -> None:
    async with telling() as scene:
        with scene.changes.watch(uuid4()) as stranger:
            scene.signal(scene.books.pay(payer, payee))
            await asyncio.sleep(0.01)
            assert stranger.drained
        assert scene.books.reads == 0


async def test_only_the_last_change_of_a_payment_within_one_read_is_sent(payer: UUID, payee: UUID) -> None:
    async with telling() as scene:
        with scene.changes.watch(payer) as watch:
            first = scene.books.pay(payer, payee, completed=False)
            last = scene.books.keep(replace(first, completed=True))
            scene.signal(first)
            scene.signal(last)
            assert await next_changes(watch, 1) == [last]
            await asyncio.sleep(0.01)
            assert watch.drained


async def test_a_change_signalled_twice_is_sent_once(payer: UUID, payee: UUID) -> None:
    async with telling() as scene:
        with scene.changes.watch(payer) as watch:
            payment = scene.books.pay(payer, payee)
            for _ in range(3):
                scene.signal(payment)
                await asyncio.sleep(0.005)
            following = scene.books.pay(payer, payee)
            scene.signal(following)
            assert await next_changes(watch, 2) == [payment, following]


async def test_a_slow_subscriber_misses_nothing_and_has_a_bounded_queue(payer: UUID, payee: UUID) -> None:
    async with telling() as scene:
        with scene.changes.watch(payer) as watch:
            payments = []
            for _ in range(5 * PAGE):
                payments.append(scene.books.pay(payer, payee))
                scene.signal(payments[-1])
                if len(payments) % 7 == 0:
                    await asyncio.sleep(0.001)
            await until(lambda: watch.behind is not None)
            assert len(watch._undelivered) <= PAGE
            assert await next_changes(watch, len(payments)) == payments
            following = scene.books.pay(payer, payee)
            scene.signal(following)
            assert await next_changes(watch, 1) == [following]


async def test_changes_during_a_gap_are_sent_after_it(payer: UUID, payee: UUID) -> None:
    async with telling() as scene:
        with scene.changes.watch(payer) as watch, scene.changes.watch(payee) as other:
            before = scene.books.pay(payer, payee)
            scene.signal(before)
            assert await next_changes(watch, 1) == [before]
            assert await next_changes(other, 1) == [before]
            scene.changes.on_disconnect()
            meanwhile = [scene.books.pay(payer, payee) for _ in range(2 * PAGE + 3)]
            hidden = scene.books.pay(payer, payee, completed=False)
            scene.changes.on_gap(before.updated_at - timedelta(seconds=10))
            assert await next_changes(watch, len(meanwhile) + 1) == [*meanwhile, hidden]
            assert await next_changes(other, len(meanwhile)) == meanwhile
            await asyncio.sleep(0.01)
            assert watch.drained
            assert other.drained


async def test_many_changes_with_the_same_time_are_paged_by_id(payer: UUID, payee: UUID) -> None:
    async with telling() as scene:
        with scene.changes.watch(payer) as watch:
            for _ in range(3 * PAGE):
                payment = Payment(uuid4(), 1, NOON, payer, payee)
                scene.books.payments[payment.id] = payment
            scene.changes.on_gap(NOON - timedelta(seconds=1))
            seen = await next_changes(watch, 3 * PAGE)
            assert {payment.id for payment in seen} == set(scene.books.payments)


async def test_a_gap_during_the_read_after_a_gap_causes_another_read(payer: UUID, payee: UUID) -> None:
    async with telling() as scene:
        with scene.changes.watch(payer) as watch:
            first = scene.books.pay(payer, payee)
            scene.changes.on_gap(NOON)
            await until(lambda: scene.books.reads == 1)
            second = scene.books.pay(payer, payee)
            scene.changes.on_gap(NOON)
            assert await next_changes(watch, 2) == [first, second]


async def test_changes_beyond_the_queues_limit_are_read_from_the_database(
    payer: UUID, payee: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pocketpay.updates.changes.MAX_DIRTY", 5)
    async with telling() as scene:
        with scene.changes.watch(payer) as watch:
            payments = [scene.books.pay(payer, payee) for _ in range(20)]
            scene.signal(*payments)
            assert len(scene.changes._dirty) == 5
            assert {payment.id for payment in await next_changes(watch, 20)} == {payment.id for payment in payments}


async def test_a_busy_database_delays_changes_but_loses_none(payer: UUID, payee: UUID) -> None:
    async with telling() as scene:
        with scene.changes.watch(payer) as watch:
            scene.books.error = ServiceBusy("away")
            signalled = scene.books.pay(payer, payee)
            scene.signal(signalled)
            await until(lambda: scene.books.reads >= 2)
            missed = scene.books.pay(payer, payee)
            scene.changes.on_gap(NOON)
            await until(lambda: scene.books.reads >= 4)
            scene.books.error = None
            assert {payment.id for payment in await next_changes(watch, 2)} == {signalled.id, missed.id}


async def test_a_failing_read_raises_its_error_to_the_subscriber(payer: UUID, payee: UUID) -> None:
    async with telling() as scene:
        scene.books.error = LookupError("a bug")
        with scene.changes.watch(payer) as watch:
            scene.signal(scene.books.pay(payer, payee))
            with pytest.raises(LookupError):
                await soon(watch.next())


async def test_a_subscriber_that_stops_is_removed(payer: UUID) -> None:
    async with telling() as scene:
        with scene.changes.watch(payer):
            scene.changes.on_gap(NOON)
        assert not scene.changes._watches
        assert not scene.changes._waiting


async def test_a_watch_from_a_position_gets_the_changes_after_it_and_then_new_ones(payer: UUID, payee: UUID) -> None:
    async with telling() as scene:
        seen, *missed = [scene.books.pay(payer, payee) for _ in range(PAGE + 3)]
        hidden = scene.books.pay(payer, payee, completed=False)
        place = Place(seen.updated_at, seen.id)
        with scene.changes.watch(payer, place) as one, scene.changes.watch(payee, place) as other:
            now = scene.books.pay(payer, payee)
            scene.signal(now)  # the signal arrives before anything was read
            assert await next_changes(one, len(missed) + 2) == [*missed, hidden, now]
            assert await next_changes(other, len(missed) + 1) == [*missed, now]
            following = scene.books.pay(payer, payee)
            scene.signal(following)
            assert await next_changes(one, 1) == await next_changes(other, 1) == [following]
