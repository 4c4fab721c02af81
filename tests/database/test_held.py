"""Read connections: those that cannot be opened do not block the others, and one user never uses all of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from pocketpay.database import held
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.roles import LOGIN
from pocketpay.database.sessions import Database, ReadAccess
from tests.conftest import Dsns
from tests.patience import PATIENCE_SECONDS


@pytest.fixture(scope="module")
def warm() -> None:
    """Keeps no connections: these tests count backends and end them."""


@asynccontextmanager
async def at_most(owner: "asyncpg.Connection[asyncpg.Record]", more: int) -> AsyncIterator[None]:
    """Limits the server's role to that many connections more than it has now."""
    ending = "select count(*) from pg_stat_activity where usename = $1 and datname <> current_database()"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await owner.fetchval(ending, LOGIN):  # noqa: ASYNC110 - connections of the previous test
            await asyncio.sleep(0.01)
    has = await owner.fetchval("select count(*) from pg_stat_activity where usename = $1", LOGIN)
    await owner.execute(f"alter role {LOGIN} connection limit {has + more}")
    try:
        yield
    finally:
        await owner.execute(f"alter role {LOGIN} connection limit -1")


async def backend(database: Database | ReadAccess, seconds: float = 0.0) -> int:
    """Reads for that many seconds. Returns the process id of the connection's backend."""
    async with database.read() as session:
        pid: int = await session.fetchval("select pg_backend_pid() from pg_sleep($1)", seconds)
    return pid


@asynccontextmanager
async def opened(dsns: Dsns, *, readers: int = 4) -> AsyncIterator[Database]:
    database = await Database.open(dsns.server, readers=readers)
    try:
        yield database
    finally:
        await database.close()


# ---------------------------------------------------------------- slots that cannot be opened


async def test_open_readers_serve_all_reads_when_others_cannot_be_opened(
    database_dsn: Dsns, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with at_most(owner, 2), opened(database_dsn) as database:
        used = set[int]()

        async def client() -> None:
            # On a busy machine the first reader may answer every read before the second one is open.
            for _ in range(60):
                used.add(await backend(database))
            while len(used) < 2:
                used.add(await backend(database))

        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(client() for _ in range(8)))
        assert len(used) == 2
        assert await asyncio.gather(*(backend(database, 0.1) for _ in range(8)))


async def test_a_reader_that_cannot_be_opened_is_retried_less_and_less_often(
    database_dsn: Dsns, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    tries = 0
    async with at_most(owner, 1), opened(database_dsn) as database:
        connect = database._readers._open

        async def counted() -> held.Connection:
            nonlocal tries
            tries += 1
            return await connect()

        database._readers._open = counted
        await asyncio.gather(*(backend(database, 0.02) for _ in range(60)))
        assert 3 <= tries < 30, "60 reads, each with a reader that is not open"


async def test_readers_are_opened_when_postgresql_accepts_more_connections(
    database_dsn: Dsns, owner: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "MAX_PAUSE", 0.1)
    async with opened(database_dsn) as database:
        async with at_most(owner, 0):
            assert len(set(await asyncio.gather(*(backend(database, 0.1) for _ in range(4))))) == 1
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(set(await asyncio.gather(*(backend(database, 0.1) for _ in range(8))))) < 4:
                pass


async def test_a_read_fails_when_no_reader_is_open_and_none_can_be_opened(
    database_dsn: Dsns, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    database = Database(database_dsn.server)
    async with at_most(owner, 0):
        told = await asyncio.gather(*(backend(database) for _ in range(8)), return_exceptions=True)
        assert [type(one) for one in told] == [ServiceBusy] * 8
        assert len({id(one) for one in told}) == 8
        assert all(isinstance(one, ServiceBusy) and one.__cause__ is not None for one in told)
    assert await backend(database)
    await database.close()


async def test_waiting_reads_fail_when_all_readers_fail_to_open_at_the_same_time(database_dsn: Dsns) -> None:
    database, fail, opening = Database(database_dsn.server), asyncio.Event(), 0

    async def failing() -> held.Connection:
        nonlocal opening
        opening += 1
        await fail.wait()
        raise ServiceBusy("no more connections")

    database._readers._open = failing
    reads = [asyncio.create_task(backend(database)) for _ in range(8)]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while opening < 4:  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0)
    fail.set()
    told = await asyncio.gather(*reads, return_exceptions=True)
    assert [str(one) for one in told] == ["no more connections"] * 8


async def test_a_reader_that_died_is_replaced_by_a_live_one(
    database_dsn: Dsns, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with opened(database_dsn, readers=2) as database:
        first, second = await asyncio.gather(backend(database, 0.1), backend(database, 0.1))
        async with at_most(owner, 0):
            await owner.fetchval("select pg_terminate_backend($1, 5000)", first)
            await owner.execute(f"alter role {LOGIN} connection limit 1")
            told = await asyncio.gather(*(backend(database) for _ in range(6)), return_exceptions=True)
            later = [await backend(database) for _ in range(6)]
        assert {one for one in told if not isinstance(one, ServiceBusy)} == {second}
        assert later == [second] * 6


async def test_cancelling_a_waiting_read_does_not_lose_a_connection(database_dsn: Dsns) -> None:
    async with opened(database_dsn, readers=1) as database:
        async with database.read():
            waiting = [asyncio.create_task(backend(database)) for _ in range(3)]
            await asyncio.sleep(0)
            waiting[0].cancel()
        waiting[1].cancel()  # it has a connection, and has not run yet
        assert await waiting[2] == await backend(database)
        assert await asyncio.gather(*waiting[:2], return_exceptions=True)


async def test_a_read_waits_no_longer_than_the_limit_for_a_reader(
    database_dsn: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "WAIT_FOR_SESSION", 0.1)
    async with opened(database_dsn, readers=1) as database:
        async with database.read():
            with pytest.raises(ServiceBusy, match="every connection is busy"):
                await backend(database)
        assert await backend(database)


# ---------------------------------------------------------------- shares


async def test_slow_reads_of_one_user_leave_readers_for_others(database_dsn: Dsns) -> None:
    """This holds for any number of reads of that user at a time, and for reads of any length."""
    async with opened(database_dsn) as database:
        ada, bob = database.of("ada"), database.of("bob")
        slow = [asyncio.create_task(backend(ada, 1.0)) for _ in range(6)]
        await asyncio.sleep(0)
        done_before = [await backend(bob), await backend(database), *await asyncio.gather(backend(bob), backend(bob))]
        assert len(done_before) == 4
        assert not any(one.done() for one in slow)
        for one in slow[2:]:
            one.cancel()
        assert len(set(await asyncio.gather(*slow[:2]))) == 2, "a user alone has two reads at a time"


async def test_reads_of_one_user_get_readers_in_order(database_dsn: Dsns) -> None:
    order: list[int] = []
    async with opened(database_dsn, readers=2) as database:
        ada = database.of("ada")

        async def read(number: int) -> None:
            await backend(ada)
            order.append(number)

        await asyncio.gather(*(read(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]
