"""Shared connections: nothing that one use leaves behind affects the next."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import asyncpg
import pytest

from pocketpay.database import connecting, sessions
from pocketpay.database.failures import ServiceBusy
from pocketpay.database.sessions import Database, Session
from tests.conftest import Dsns
from tests.patience import PATIENCE_SECONDS

STATEMENT_SECONDS = 0.2
"""The statement timeout in these tests; in production it is two seconds."""


@pytest.fixture(scope="module")
def warm() -> None:
    """Keeps no connections: these tests count backends and end them."""


@pytest.fixture
async def hurried(database_dsn: Dsns, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """One reader, whose statements may take STATEMENT_SECONDS."""
    monkeypatch.setitem(connecting.TIMEOUTS, "statement_timeout", str(int(STATEMENT_SECONDS * 1000)))
    database = await Database.open(database_dsn.server, readers=1)
    yield database
    await database.close()


async def test_a_read_cancelled_between_prepare_and_run_does_not_affect_later_reads(hurried: Database) -> None:
    """PostgreSQL's timeout starts with the preparation and lasts until the run; a client may disconnect between the
    two."""

    async def cut_off() -> None:
        async with hurried.read() as session:
            await session._connection.prepare("select 1")
            await asyncio.sleep(60)

    reading = asyncio.create_task(cut_off())
    await asyncio.sleep(STATEMENT_SECONDS / 2)
    reading.cancel()
    await asyncio.wait({reading})
    await asyncio.sleep(STATEMENT_SECONDS)
    async with hurried.read() as session:
        assert await session.fetchval("select 2") == 2


async def test_a_read_that_takes_too_long_is_service_busy(hurried: Database) -> None:
    with pytest.raises(ServiceBusy):
        async with hurried.read() as session:
            await session.fetchval("select pg_sleep(5)")
    async with hurried.read() as session:
        assert await session.fetchval("select 2") == 2


async def test_an_invalid_query_raises_its_own_error(hurried: Database) -> None:
    with pytest.raises(Exception, match="does not exist"):
        async with hurried.read() as session:
            await session.fetchval("select nothing from nowhere")


async def test_a_connection_being_opened_when_the_database_closes_is_closed_too(
    database_dsn: Dsns, owner: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await Database.open(database_dsn.server, readers=2)
    connecting = asyncio.Event()

    async def connect(dsn: str, *, name: str) -> sessions.Connection:
        connecting.set()
        return await opened(dsn, name=name)

    async def read() -> None:
        async with database.read() as session:
            await session.fetchval("select 1")

    opened = sessions.connect
    monkeypatch.setattr(sessions, "connect", connect)
    async with database.read():
        reading = asyncio.create_task(read())
        await connecting.wait()
        await database.close()
    with pytest.raises(ServiceBusy, match="closed"):
        await reading
    with pytest.raises(ServiceBusy, match="closed"):
        await read()
    await nobody_reads(owner)


async def test_a_database_that_does_not_answer_its_first_query_leaves_no_connection(
    database_dsn: Dsns, owner: "asyncpg.Connection[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(session: Session, sql: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Session, "fetchval", answer)
    with pytest.raises(ZeroDivisionError):
        await Database.open(database_dsn.server)
    await nobody_reads(owner)


async def nobody_reads(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Waits until PostgreSQL has closed every read connection."""
    readers = "application_name = 'pocketpay reader' and datname = current_database()"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await owner.fetchval(f"select count(*) from pg_stat_activity where {readers}"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("way", [Database.read, Database.write])
async def test_a_connection_that_went_silent_is_not_used_again(
    database_dsn: Dsns, way: Callable[[Database], AbstractAsyncContextManager[Session]]
) -> None:
    database = await Database.open(database_dsn.server, readers=1, writers=1)

    async def backend() -> int:
        async with way(database) as session:
            pid: int = await session.fetchval("select pg_backend_pid()")
        return pid

    before = await backend()
    with pytest.raises(ServiceBusy):
        async with way(database):
            raise TimeoutError  # the driver raises it when no answer arrives
    assert await backend() != before
    await database.close()
