"""Search in a history with blocks, compared with a plain list; how blocks are written; what the audit finds."""

import asyncio
import math
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import asyncpg
import pytest
import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from pocketpay.database.sessions import Database, Session
from pocketpay.operations import audit
from pocketpay.transactions import history, sealing
from pocketpay.transactions.filter import Filter, Position
from pocketpay.transactions.reading_time import ReadingTime
from pocketpay.transactions.repository import search_blocks as repository
from pocketpay.transactions.repository.history import bounds, conditions
from pocketpay.transactions.repository.search_blocks import Limits
from tests.conftest import Dsns
from tests.plans import explained, scans
from tests.transactions.past import NOON, Happened, at_random, payment, people, write
from tests.transactions.test_history import expected, filter_at_random
from tests.warm_connections import connected

Owner: TypeAlias = "Connection[Record]"

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
BLOCKS = "select since, until, entries, descriptions from search_blocks where wallet_id = $1 order by since"


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


async def somebody(owner: Owner, many: int) -> list[UUID]:
    return await people(owner, *(f"p{uuids.uuid7().hex[12:]}" for _ in range(many)))


async def seal(database: Database, wallet: UUID, *, blocks: int = 100) -> int:
    async with database.write() as session:
        return await repository.seal(session, wallet, blocks=blocks)


def yesterday(happened: list[Happened]) -> list[Happened]:
    """Returns the transactions moved from NOON to yesterday, so that they are old enough for any clock."""
    shift = YESTERDAY - NOON
    return [
        replace(one, created_at=one.created_at + shift, completed_at=one.completed_at and one.completed_at + shift)
        for one in happened
    ]


def payments(sender: UUID, recipient: UUID, descriptions: list[str]) -> list[Happened]:
    """One payment a second, oldest first."""
    return [
        payment(sender, recipient, description=text, created_at=YESTERDAY + timedelta(seconds=n))
        for n, text in enumerate(descriptions)
    ]


async def whole(
    session: Session,
    wallet: UUID,
    narrowed: Filter,
    *,
    size: int,
    backwards: bool = False,
    seconds: float = math.inf,
) -> list[UUID]:
    """Returns the ids of a filtered history, read by pages. With seconds=0 each page stops after one statement."""
    found: list[UUID] = []
    at: Position | None = None
    for _ in range(1_000):
        newer, older = (at, None) if backwards else (None, at)
        time = ReadingTime(seconds)
        read = await history.read(
            session, wallet, narrowed, limit=size, backwards=backwards, time=time, newer_than=newer, older_than=older
        )
        found += [one.id for one in read.transactions]
        if seconds == math.inf:
            assert read.stopped_at is None, "a page stopped before its time was over"
        if len(read.transactions) < size and read.stopped_at is None:
            return found
        at = read.stopped_at or history.position(read.transactions[-1])
    raise AssertionError("a history does not end")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of five transactions, and statements that read a few of them."""
    monkeypatch.setattr(repository, "SIZE", 5)
    monkeypatch.setattr(history, "MAX_SCANNED", 4)
    monkeypatch.setattr(history, "MAX_BLOCKS", Limits(blocks=3, candidates=2))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(15))
async def test_pages_of_a_search_with_blocks_equal_the_filtered_history(
    owner: Owner, database: Database, seed: int
) -> None:
    chance = random.Random(f"blocks {seed}")
    wallets = await somebody(owner, 3)
    happened = yesterday(at_random(chance, wallets, 120))
    await write(owner, happened)
    for wallet in wallets:
        await seal(database, wallet, blocks=chance.choice((1, 4, 100)))
    shift = YESTERDAY - NOON
    drawn = filter_at_random(chance, wallets)
    for text in ("lunch", "e", "50%", "ünder", "t_m", "caviar", "\n"):
        narrowed = replace(
            drawn,
            search=text,
            since=drawn.since and drawn.since + shift,
            until=drawn.until and drawn.until + shift,
        )
        for wallet in wallets:
            truth = expected(happened, wallet, narrowed)
            async with database.read() as session:
                assert await whole(session, wallet, narrowed, size=4) == truth
                assert await whole(session, wallet, narrowed, size=4, backwards=True) == truth[::-1]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("backwards", [False, True])
async def test_a_search_continues_from_every_position_inside_and_between_blocks(
    owner: Owner, database: Database, backwards: bool
) -> None:
    mine, other = await somebody(owner, 2)
    happened = payments(mine, other, ["tea" if n % 7 == 0 else "rent" for n in range(40)])
    await write(owner, happened)
    assert await seal(database, mine) == 7
    order = happened if backwards else happened[::-1]
    async with database.read() as session:
        for skipped, one in enumerate(order, start=1):
            at = Position(one.created_at, one.id)
            read = await history.read(
                session,
                mine,
                Filter(search="tea"),
                limit=50,
                backwards=backwards,
                time=ReadingTime(math.inf),
                newer_than=at if backwards else None,
                older_than=None if backwards else at,
            )
            left = [rest.id for rest in order[skipped:] if rest.description == "tea"]
            assert [found.id for found in read.transactions] == left


@pytest.mark.usefixtures("small")
async def test_the_next_page_continues_where_a_page_ran_out_of_time(owner: Owner, database: Database) -> None:
    mine, other = await somebody(owner, 2)
    happened = payments(mine, other, ["tea"] + ["rent"] * 40)
    await write(owner, happened)
    await seal(database, mine)
    async with database.read() as session:
        read = await history.read(session, mine, Filter(search="tea"), limit=3, time=ReadingTime(0))
        assert read.transactions == ()
        assert read.stopped_at == Position(happened[-4].created_at, happened[-4].id)
        for backwards in (False, True):
            found = await whole(session, mine, Filter(search="tea"), size=3, backwards=backwards, seconds=0)
            assert found == [happened[0].id]


async def test_the_pages_of_one_operation_share_one_time_limit() -> None:
    time = ReadingTime(0.01)
    assert time.is_left
    with time.spent():
        await asyncio.sleep(0.02)
    assert not time.is_left


@pytest.mark.usefixtures("small")
async def test_a_recipient_finds_a_held_payment_only_after_its_completion(owner: Owner, database: Database) -> None:
    sender, recipient = await somebody(owner, 2)
    others = payments(sender, recipient, ["rent"] * 30)
    at = YESTERDAY + timedelta(seconds=3.5)
    waiting = payment(sender, recipient, description="secret", status="pending_confirmation", created_at=at)
    await write(owner, [*others, waiting])
    for wallet in (sender, recipient):
        await seal(database, wallet, blocks=2)
    held = await owner.fetch(BLOCKS, recipient)
    assert not [block for block in held if "secret" in block["descriptions"]]
    async with database.read() as session:
        assert await whole(session, recipient, Filter(search="secret"), size=5) == []
        assert await whole(session, sender, Filter(search="secret"), size=5) == [waiting.id]
    await owner.execute(
        "update transactions set status = 'completed', completed_at = $2, updated_at = $2 where id = $1",
        waiting.id,
        YESTERDAY + timedelta(seconds=20.5),
    )
    await seal(database, recipient)
    async with database.read() as session:
        assert await whole(session, recipient, Filter(search="secret"), size=5) == [waiting.id]


@pytest.mark.usefixtures("small")
async def test_blocks_follow_each_other_and_do_not_split_one_time(owner: Owner, database: Database) -> None:
    mine, other = await somebody(owner, 2)
    happened = payments(mine, other, [f"n{n}" for n in range(3)])
    at = YESTERDAY + timedelta(seconds=3)
    happened += [payment(mine, other, description=f"same {n}", created_at=at) for n in range(9)]
    happened += [
        payment(mine, other, description=f"later {n}", created_at=at + timedelta(seconds=n + 1)) for n in range(9)
    ]
    await write(owner, happened)
    assert await seal(database, mine, blocks=3) + await seal(database, mine) + await seal(database, mine) == 3
    blocks = await owner.fetch(BLOCKS, mine)
    assert [block["until"] for block in blocks[:-1]] == [block["since"] for block in blocks[1:]]
    assert [len(block["descriptions"].split("\n")) for block in blocks] == [12, 3, 5]
    assert [block["entries"] for block in blocks] == [12, 15, 20]
    assert blocks[-1]["until"] == happened[-1].created_at


async def test_new_transactions_wait_before_they_enter_a_block(owner: Owner, database: Database) -> None:
    mine, other = await somebody(owner, 2)
    now: datetime = await owner.fetchval("select clock_timestamp()")
    old = [payment(mine, other, created_at=now - timedelta(minutes=11, seconds=n)) for n in range(repository.SIZE)]
    new = [payment(mine, other, created_at=now - timedelta(minutes=5, seconds=n)) for n in range(repository.SIZE)]
    await write(owner, [*old, *new])
    assert await seal(database, mine) == 0
    await write(owner, [payment(mine, other, created_at=now - timedelta(minutes=10, seconds=30))])
    assert await seal(database, mine) == 1


@pytest.mark.usefixtures("small")
async def test_two_servers_that_write_blocks_at_once_write_the_same_blocks(owner: Owner, database: Database) -> None:
    mine, other = await somebody(owner, 2)
    await write(owner, payments(mine, other, [f"n{n}" for n in range(60)]))
    assert sorted(await asyncio.gather(seal(database, mine), seal(database, mine))) == [0, 11]
    assert len(await owner.fetch(BLOCKS, mine)) == 11


@pytest.mark.usefixtures("small")
async def test_a_sweep_writes_the_blocks_of_wallets_with_many_entries(owner: Owner, database: Database) -> None:
    mine, other = await somebody(owner, 2)
    await write(owner, payments(mine, other, ["rent"] * 30))
    await owner.execute("update ledger_accounts set sequence = 30, version = 30 where id = $1", mine)
    assert await sealing.seal_due(database, entries=31) == 0
    assert await sealing.seal_due(database, entries=30) == 5
    assert await owner.fetch(BLOCKS, other) == []
    assert await sealing.seal_due(database, entries=30) == 0


async def test_a_search_without_matches_reads_no_transaction_of_the_blocks(owner: Owner, database: Database) -> None:
    mine, other = await somebody(owner, 2)
    await write(owner, payments(mine, other, ["rent"] * 3_000))
    assert await seal(database, mine) == 23
    await owner.execute("analyze transactions, search_blocks")
    types = "uuid, timestamptz, uuid, timestamptz, uuid, boolean, int, int"
    types += ", text[], text[], boolean, uuid, bigint, bigint, text, int"
    for order, sql in repository._PAGES.items():
        scope = history._scope(mine, Filter(search="tea"))
        arguments = (*bounds(scope), 21, 100, *conditions(scope.filter), 32)
        plan = await explained(owner, sql, types, *arguments)
        assert sum(scan["Actual Rows"] * scan["Actual Loops"] for scan in scans(plan, "transactions")) == 0, order
        (read,) = scans(plan, "search_blocks")
        assert (read["Node Type"], read["Actual Rows"]) == ("Index Scan", 23)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("mistake", "problem"),
    [
        (
            "update search_blocks set descriptions = 'x' where ctid = $1::text::tid",
            "differ from the descriptions of the transactions",
        ),
        ("delete from search_blocks where ctid = $1::text::tid", "the block before it ends at"),
    ],
)
async def test_the_audit_finds_a_block_that_is_wrong_or_missing(
    owner: Owner, database: Database, mistake: str, problem: str
) -> None:
    mine, other = await somebody(owner, 2)
    await write(owner, payments(mine, other, [f"Café {n}" for n in range(30)]))
    assert await seal(database, mine) == 5
    mine_only = f"select * from ({repository.BLOCKS.sql}) found(id, problem) where id like $1"
    assert await owner.fetch(mine_only, f"{mine}%") == []
    assert repository.BLOCKS in audit.PROOFS
    second = await owner.fetchval("select ctid::text from search_blocks where wallet_id = $1 offset 1 limit 1", mine)
    await owner.execute(mistake, second)
    (found,) = await owner.fetch(mine_only, f"{mine}%")
    assert problem in found["problem"]


async def test_the_server_cannot_change_a_block(database: Database) -> None:
    for statement in ("update search_blocks set descriptions = ''", "delete from search_blocks"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.write() as session:
                await session.execute(statement)
