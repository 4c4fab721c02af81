"""The classification of errors, tested with real errors of PostgreSQL and its driver."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from asyncpg import Connection, Record

from pocketpay.database.failures import Failure, ServiceBusy, classify, lost_connection
from pocketpay.database.sessions import Database
from pocketpay.errors import BooksDisagree
from tests.conftest import Dsns


@pytest.fixture
async def other(database_dsn: Dsns) -> AsyncIterator["Connection[Record]"]:
    connection = await asyncpg.connect(database_dsn.owner)
    yield connection
    connection.terminate()


@pytest.mark.parametrize(
    ("statement", "failure"),
    [
        ("insert into probe values (1), (1)", Failure.CONSTRAINT),
        ("insert into probe values (null)", Failure.CONSTRAINT),
        ("insert into probe values (-1)", Failure.CONSTRAINT),
        ("select 9223372036854775807 + 1::bigint", Failure.CONSTRAINT),
        ("select 1 / 0", Failure.CONSTRAINT),
        ("do $$ begin raise exception 'a guard refuses'; end $$", Failure.CONSTRAINT),
        ("set statement_timeout = 10; select pg_sleep(1)", Failure.CANCELLED),
        ("begin read only; insert into probe values (5)", Failure.UNKNOWN),
        ("select pg_terminate_backend(pg_backend_pid())", Failure.UNKNOWN),
        ("set transaction_timeout = 20; begin; select pg_sleep(1)", Failure.UNKNOWN),
        ("select * from nowhere", Failure.BUG),
        ("selec 1", Failure.BUG),
        ("set role pocketpay_server; create table mine ()", Failure.BUG),
    ],
)
async def test_the_error_of_a_statement_is_classified(
    owner: "Connection[Record]", statement: str, failure: Failure
) -> None:
    await owner.execute("create table probe (id bigint primary key check (id > 0))")
    with pytest.raises(asyncpg.PostgresError) as raised:
        await owner.execute(statement)
    assert classify(raised.value) is failure
    assert lost_connection(raised.value) is (failure is Failure.UNKNOWN)


async def test_an_idle_unit_of_work_is_terminated_and_its_outcome_is_unknown(owner: "Connection[Record]") -> None:
    await owner.execute("set idle_in_transaction_session_timeout = 20; begin")
    await asyncio.sleep(0.2)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)) as raised:
        await owner.execute("commit")
    assert classify(raised.value) is Failure.UNKNOWN


async def test_a_lock_timeout_is_classified(owner: "Connection[Record]", other: "Connection[Record]") -> None:
    await owner.execute("create table probe ()")
    await owner.execute("begin; lock table probe")
    with pytest.raises(asyncpg.LockNotAvailableError) as raised:
        await other.execute("set lock_timeout = 20; select from probe")
    assert classify(raised.value) is Failure.LOCK_TIMEOUT


async def test_a_deadlock_is_retried(owner: "Connection[Record]", other: "Connection[Record]") -> None:
    await owner.execute("create table a (); create table b ()")
    await owner.execute("begin; lock table a")
    await other.execute("set deadlock_timeout = '10ms'; begin; lock table b")
    crossing = asyncio.create_task(owner.execute("lock table b"))
    with pytest.raises(asyncpg.DeadlockDetectedError) as raised:
        await other.execute("lock table a")
    assert classify(raised.value) is Failure.RETRY
    await other.execute("rollback")
    await crossing


async def test_a_serialization_failure_is_retried(owner: "Connection[Record]", other: "Connection[Record]") -> None:
    await owner.execute("create table probe (id int); insert into probe values (1)")
    await owner.execute("begin isolation level repeatable read; select from probe")
    await other.execute("update probe set id = 2")
    with pytest.raises(asyncpg.SerializationError) as raised:
        await owner.execute("update probe set id = 3")
    assert classify(raised.value) is Failure.RETRY


async def test_a_statement_plan_made_stale_by_a_migration_is_retried(
    owner: "Connection[Record]", other: "Connection[Record]"
) -> None:
    await owner.execute("create table probe (id int)")
    async with owner.transaction():
        prepared = await owner.prepare("select * from probe")
        await prepared.fetch()
    await other.execute("alter table probe add column more int")
    await owner.execute("begin")
    with pytest.raises(asyncpg.InvalidCachedStatementError) as raised:
        await prepared.fetch()
    assert classify(raised.value) is Failure.RETRY


async def test_a_value_too_large_for_the_protocol_fails_alone(owner: "Connection[Record]") -> None:
    with pytest.raises(asyncpg.DataError) as raised:
        await owner.fetchval("select $1::bigint", 2**63)
    assert classify(raised.value) is Failure.CONSTRAINT
    assert not lost_connection(raised.value)


async def test_a_call_with_a_missing_argument_is_classified_as_a_bug(owner: "Connection[Record]") -> None:
    with pytest.raises(asyncpg.InterfaceError) as raised:
        await owner.fetchval("select $1::bigint + $2", 1)
    assert classify(raised.value) is Failure.BUG
    assert not lost_connection(raised.value)


async def test_closed_and_killed_connections_leave_the_outcome_unknown(
    owner: "Connection[Record]", other: "Connection[Record]"
) -> None:
    pid = await other.fetchval("select pg_backend_pid()")
    waiting = asyncio.create_task(other.execute("select pg_sleep(5)"))
    await asyncio.sleep(0.05)
    await owner.fetchval("select pg_terminate_backend($1::int)", pid)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)) as killed:
        await waiting
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)) as closed:
        await other.execute("select 1")
    for raised in (killed, closed):
        assert classify(raised.value) is Failure.UNKNOWN
        assert lost_connection(raised.value)


@pytest.mark.parametrize(
    ("error", "failure", "lost"),
    [
        (asyncpg.DiskFullError("no space"), Failure.DISK_FULL, False),
        (asyncpg.PostgresIOError("broken disk"), Failure.DISK_FULL, False),
        (asyncpg.OutOfMemoryError("no memory"), Failure.CANCELLED, False),
        (asyncpg.TooManyConnectionsError("no slot"), Failure.UNKNOWN, True),
        (asyncpg.CannotConnectNowError("starting up"), Failure.UNKNOWN, True),
        (asyncpg.CrashShutdownError("crash"), Failure.UNKNOWN, True),
        (asyncpg.InternalClientError("cannot switch to state 15"), Failure.UNKNOWN, True),
        (ConnectionResetError(), Failure.UNKNOWN, True),
        (TimeoutError(), Failure.UNKNOWN, True),
        (asyncio.CancelledError(), Failure.UNKNOWN, False),
        (RuntimeError("ours"), Failure.UNKNOWN, False),
        (ServiceBusy("away", may_have_happened=True), Failure.UNKNOWN, False),
        (BooksDisagree("law 1"), Failure.BUG, False),
    ],
)
def test_errors_that_a_healthy_server_never_raises_are_classified(
    error: BaseException, failure: Failure, lost: bool
) -> None:
    assert classify(error) is failure
    assert lost_connection(error) is lost


async def test_a_read_on_a_lost_connection_is_service_busy_and_the_next_read_works(
    database: Database, owner: "Connection[Record]"
) -> None:
    async def read_through_its_death() -> None:
        async with database.read() as session:
            pid = await session.fetchval("select pg_backend_pid()")
            await owner.fetchval("select pg_terminate_backend($1::int, 1000)", pid)
            await session.fetchval("select 1")

    with pytest.raises(ServiceBusy) as busy:
        await read_through_its_death()
    assert not busy.value.may_have_happened
    async with database.read() as session:
        assert await session.fetchval("select 1") == 1


async def test_a_write_on_a_lost_connection_may_have_happened(
    database: Database, owner: "Connection[Record]"
) -> None:
    async def write_through_its_death() -> None:
        async with database.write() as session:
            pid = await session.fetchval("select pg_backend_pid()")
            await owner.fetchval("select pg_terminate_backend($1::int, 1000)", pid)

    with pytest.raises(ServiceBusy) as busy:
        await write_through_its_death()
    assert busy.value.may_have_happened
