"""The pages of a wallet's history, compared with a plain sorted list."""

import math
import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import pytest
import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from pocketpay.database.sessions import Database, Session
from pocketpay.money import Money
from pocketpay.transactions import history
from pocketpay.transactions.filter import EVERYTHING, Filter, Position
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.reading_time import ReadingTime
from pocketpay.transactions.transaction import Type
from pocketpay.transactions.visibility import Direction
from tests.conftest import Dsns
from tests.transactions.past import NOON, Happened, at_random, payment, people, write
from tests.warm_connections import connected

Owner: TypeAlias = "Connection[Record]"


@pytest.fixture
async def owner(warm: None, module_dsn: Dsns) -> AsyncIterator[Owner]:
    connection = await connected(module_dsn.owner)
    yield connection
    await connection.close()


@pytest.fixture
async def database(warm: None, module_dsn: Dsns) -> AsyncIterator[Database]:
    opened = await Database.open(module_dsn.server, readers=1)
    yield opened
    await opened.close()


@pytest.fixture
async def session(database: Database) -> AsyncIterator[Session]:
    async with database.read() as session:
        yield session


async def somebody(owner: Owner, many: int = 1) -> list[UUID]:
    return await people(owner, *(f"p{uuids.uuid7().hex[12:]}" for _ in range(many)))


async def whole(
    session: Session, wallet: UUID, narrowed: Filter = EVERYTHING, *, size: int, backwards: bool = False
) -> list[UUID]:
    """Returns the ids of a whole history, read by pages of that size."""
    gone: list[UUID] = []
    at: Position | None = None
    for _ in range(1_000):
        newer, older = (at, None) if backwards else (None, at)
        read = await history.read(
            session, wallet, narrowed, limit=size, backwards=backwards, newer_than=newer, older_than=older
        )
        gone += [transaction.id for transaction in read.transactions]
        if len(read.transactions) < size and read.stopped_at is None:
            return gone
        ended = history.position(read.transactions[-1]) if read.transactions else None
        at = read.stopped_at or ended
    raise AssertionError("a history does not end")


def expected(past: list[Happened], wallet: UUID, narrowed: Filter = EVERYTHING) -> list[UUID]:
    """Returns the same ids from a plain list: filtered and sorted, newest first."""
    seen = [
        (moment, one.id) for one in past if (moment := one.visible_to(wallet)) and lets(narrowed, one, moment, wallet)
    ]
    return [id for _, id in sorted(seen, reverse=True)]


def lets(narrowed: Filter, one: Happened, moment: datetime, wallet: UUID) -> bool:
    other = one.destination if one.source == wallet else one.source
    outgoing = one.source == wallet
    return all(
        (
            narrowed.types is None or one.type in [type.value for type in narrowed.types],
            narrowed.statuses is None or one.status in [status.value for status in narrowed.statuses],
            narrowed.direction is None or outgoing == (narrowed.direction is Direction.OUTGOING),
            narrowed.counterparty is None or other == narrowed.counterparty,
            narrowed.since is None or narrowed.since <= moment,
            narrowed.until is None or moment < narrowed.until,
            narrowed.minimum is None or narrowed.minimum.minor <= one.amount,
            narrowed.maximum is None or one.amount <= narrowed.maximum.minor,
            narrowed.search is None or narrowed.search.lower() in one.description.lower(),
        )
    )


def filter_at_random(chance: random.Random, wallets: list[UUID]) -> Filter:
    def sometimes(value: object) -> object:
        return value if chance.random() < 0.3 else None

    return Filter(
        types=sometimes(frozenset(chance.sample(list(Type), chance.randrange(4)))),  # type: ignore[arg-type]
        statuses=sometimes(frozenset(chance.sample(list(Status), chance.randrange(8)))),  # type: ignore[arg-type]
        direction=sometimes(chance.choice(list(Direction))),  # type: ignore[arg-type]
        counterparty=sometimes(chance.choice(wallets)),  # type: ignore[arg-type]
        since=sometimes(NOON + timedelta(minutes=chance.randrange(15))),  # type: ignore[arg-type]
        until=sometimes(NOON + timedelta(minutes=5 + chance.randrange(20))),  # type: ignore[arg-type]
        minimum=sometimes(Money(chance.randrange(30) * 100, "USD")),  # type: ignore[arg-type]
        maximum=sometimes(Money(2_000 + chance.randrange(30) * 100, "USD")),  # type: ignore[arg-type]
        search=sometimes(chance.choice(("lunch", "RENT", "%", "_", "50%", "ünder"))),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("seed", range(6))
async def test_pages_in_both_directions_equal_the_sorted_history(owner: Owner, session: Session, seed: int) -> None:
    chance = random.Random(seed)
    wallets = await somebody(owner, 4)
    past = at_random(chance, wallets, 150)
    await write(owner, past)
    for wallet in wallets:
        size = chance.choice((1, 3, 20))
        truth = expected(past, wallet)
        assert await whole(session, wallet, size=size) == truth
        assert await whole(session, wallet, size=size, backwards=True) == truth[::-1]
        assert await history.count(session, wallet) == len(truth)


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("stretch", [5, 2_000])
async def test_filtered_pages_equal_the_filtered_history(
    owner: Owner, session: Session, monkeypatch: pytest.MonkeyPatch, seed: int, stretch: int
) -> None:
    monkeypatch.setattr(history, "MAX_SCANNED", stretch)
    chance = random.Random(f"{seed} {stretch}")
    wallets = await somebody(owner, 3)
    past = at_random(chance, wallets, 60)
    await write(owner, past)
    narrowed = filter_at_random(chance, wallets)
    for wallet in wallets:
        truth = expected(past, wallet, narrowed)
        assert await whole(session, wallet, narrowed, size=4) == truth
        assert await whole(session, wallet, narrowed, size=4, backwards=True) == truth[::-1]
        assert await history.count(session, wallet, narrowed) == len(truth)


async def test_pages_stay_correct_during_concurrent_writes(owner: Owner, session: Session) -> None:
    wallets = await somebody(owner, 3)
    viewer, chance = wallets[0], random.Random("others write")
    past = at_random(chance, wallets, 60)
    await write(owner, past)
    gone: list[UUID] = []
    at = None
    later = NOON + timedelta(hours=1)
    while True:
        page = (await history.read(session, viewer, limit=5, older_than=at)).transactions
        gone += [transaction.id for transaction in page]
        if not page:
            break
        at = history.position(page[-1])
        later += timedelta(seconds=1)
        await write(
            owner, [payment(wallets[1], viewer, created_at=later), payment(viewer, wallets[2], created_at=later)]
        )
    assert gone == expected(past, viewer)


async def test_a_held_payment_is_first_in_the_recipients_history_when_it_completes(
    owner: Owner, session: Session
) -> None:
    sender, recipient = await somebody(owner, 2)
    held = payment(sender, recipient, created_at=NOON, completed_at=NOON + timedelta(minutes=9))
    between = payment(sender, recipient, created_at=NOON + timedelta(minutes=5))
    await write(owner, [held, between])
    assert await whole(session, recipient, size=10) == [held.id, between.id]
    assert await whole(session, sender, size=10) == [between.id, held.id]


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.COMPLETED])
async def test_no_filter_shows_the_recipient_an_uncompleted_payment(
    owner: Owner, session: Session, status: Status
) -> None:
    sender, recipient = await somebody(owner, 2)
    held = payment(sender, recipient, status=status.value)
    await write(owner, [held])
    for narrowed in (
        EVERYTHING,
        Filter(statuses=frozenset({status})),
        Filter(direction=Direction.INCOMING),
        Filter(counterparty=sender),
        Filter(search="lunch"),
    ):
        assert await whole(session, recipient, narrowed, size=5) == []
        assert await history.count(session, recipient, narrowed) == 0
    assert await history.find(session, recipient, [held.id]) == {}
    assert list(await history.find(session, sender, [held.id])) == [held.id]


async def test_a_recipient_cannot_find_a_held_payments_creation_time_by_filtering(
    owner: Owner, session: Session
) -> None:
    sender, recipient = await somebody(owner, 2)
    done = NOON + timedelta(minutes=9)
    held = payment(sender, recipient, created_at=NOON, completed_at=done)
    await write(owner, [held])
    assert await whole(session, recipient, Filter(until=done), size=5) == []
    assert await whole(session, recipient, Filter(since=done), size=5) == [held.id]
    assert await whole(session, sender, Filter(until=done), size=5) == [held.id]


async def test_a_filter_returns_the_place_where_it_ran_out_of_time(
    owner: Owner, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MAX_SCANNED", 10)
    sender, recipient = await somebody(owner, 2)
    past = [payment(sender, recipient, created_at=NOON + timedelta(seconds=n)) for n in range(25)]
    await write(owner, past)
    read = await history.read(session, sender, Filter(search="caviar"), limit=3, time=ReadingTime(0))
    assert read.transactions == ()
    assert read.stopped_at == Position(past[15].created_at, past[15].id)


@pytest.mark.parametrize("backwards", [False, True])
async def test_a_filter_with_time_reads_on_until_its_page_is_full_or_the_history_ends(
    owner: Owner, session: Session, monkeypatch: pytest.MonkeyPatch, backwards: bool
) -> None:
    monkeypatch.setattr(history, "MAX_SCANNED", 10)
    sender, recipient = await somebody(owner, 2)
    past = [
        payment(sender, recipient, amount=100 + n % 12, created_at=NOON + timedelta(seconds=n)) for n in range(60)
    ]
    await write(owner, past)
    matching = [one.id for one in past if one.amount == 100]
    narrowed, time = Filter(maximum=Money(100, "USD")), ReadingTime(math.inf)
    for limit in (3, 5, 6):
        read = await history.read(session, sender, narrowed, limit=limit, backwards=backwards, time=time)
        expected_ids = matching[:limit] if backwards else matching[::-1][:limit]
        assert [one.id for one in read.transactions] == expected_ids
        assert read.stopped_at is None


async def test_the_count_is_null_above_its_limit(
    owner: Owner, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MAX_COUNT", 10)
    sender, recipient = await somebody(owner, 2)
    past = [payment(sender, recipient, amount=100 * n) for n in range(1, 12)]
    await write(owner, past)
    assert await history.count(session, sender) is None
    assert await history.count(session, recipient, Filter(minimum=Money(200, "USD"))) == 10
    assert await history.count(session, recipient, Filter(minimum=Money(100, "USD"))) is None


async def test_the_filtered_count_is_null_when_it_would_read_too_many_rows(
    owner: Owner, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MAX_COUNT_SCANNED", 10)
    sender, recipient = await somebody(owner, 2)
    await write(owner, [payment(sender, recipient) for _ in range(10)])
    assert await history.count(session, sender, Filter(search="caviar")) == 0
    await write(owner, [payment(sender, recipient)])
    assert await history.count(session, sender, Filter(search="caviar")) is None


async def test_recent_counterparties_are_distinct_and_newest_first(owner: Owner, session: Session) -> None:
    viewer, ana, ben, cleo, dan = await somebody(owner, 5)

    def minutes(past: int) -> datetime:
        return NOON + timedelta(minutes=past)

    await write(
        owner,
        [
            payment(viewer, ana, created_at=minutes(1)),
            payment(ben, viewer, created_at=minutes(0), completed_at=minutes(3)),
            payment(viewer, cleo, created_at=minutes(2)),
            payment(viewer, ana, created_at=minutes(4)),
            payment(viewer, dan, created_at=minutes(5), status="cancelled"),
            payment(dan, viewer, created_at=minutes(6), status="pending_confirmation"),
            payment(None, viewer, created_at=minutes(7)),
        ],
    )
    assert await history.recent_counterparties(session, viewer) == [ana, ben, cleo]
