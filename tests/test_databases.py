"""A database or a connection that an earlier test used is as good as a new one."""

import asyncio
from contextlib import suppress

import asyncpg
import pytest

from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.sessions import Database
from tests import databases
from tests.conftest import Dsns
from tests.databases import recycled
from tests.operations.town import trade
from tests.patience import PATIENCE_SECONDS
from tests.payments.customers import records_of
from tests.warm_connections import connected, idle_backends

CHANGES = (
    "alter table users add column shoe_size int",
    "alter table wallets disable trigger wallets_never_removed",
    "alter table ledger_entries alter column amount set default 1",
    "drop index ix_transactions_pending",
    "create function one() returns int language sql return 1",
    "grant delete on wallets to pocketpay",
    "update served_revisions set revision = 'later' where revision = (select max(revision) from served_revisions)",
    "do $$ begin execute format('alter database %I set work_mem = ''1MB''', current_database()); end $$",
    "insert into retired_usernames select sha256(n::text::bytea), clock_timestamp() from generate_series(1, 5000) n",
)
"""Changes that the next test must not see."""


async def execute(dsns: Dsns, statement: str) -> None:
    owner = await asyncpg.connect(dsns.owner)
    try:
        await owner.execute(statement)
    finally:
        await owner.close()


async def rows(dsns: Dsns) -> int:
    owner = await asyncpg.connect(dsns.owner)
    try:
        tables = [row[0] for row in await owner.fetch(databases.TABLES, databases.SEEDED)]
        assert len(tables) > 20
        return sum([await owner.fetchval(f"select count(*) from {table}") for table in tables])
    finally:
        await owner.close()


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No database is dropped for its age: forty earlier tests may have used the one that this test gets."""
    monkeypatch.setattr(databases, "MAX_USES", 1_000)


@pytest.mark.usefixtures("lasting")
def test_a_reused_database_has_no_rows_and_keeps_its_guards(postgres: EmbeddedPostgres) -> None:
    with recycled(postgres) as used:
        asyncio.run(trade(used))
        assert asyncio.run(rows(used)) > 100
    with recycled(postgres) as again:
        assert again == used
        assert asyncio.run(rows(again)) == 0
        asyncio.run(trade(again))
        with pytest.raises(asyncpg.PostgresError, match="never removed"):
            asyncio.run(execute(again, "set session_replication_role = replica; delete from wallets"))

        async def findings() -> list[str]:
            async with records_of(again.server, again.owner) as records:
                return await records.findings()

        assert asyncio.run(findings()) == []


def test_a_database_is_dropped_after_its_last_use(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "MAX_USES", 1)
    with recycled(postgres) as used:
        pass
    with recycled(postgres) as other:
        assert other != used


@pytest.mark.usefixtures("lasting")
def test_a_test_that_fails_gives_its_database_back(postgres: EmbeddedPostgres) -> None:
    with suppress(ZeroDivisionError), recycled(postgres) as used:
        raise ZeroDivisionError
    with recycled(postgres) as again:
        assert again == used


@pytest.mark.usefixtures("lasting")
def test_a_database_is_not_reused_when_more_than_its_rows_has_changed(postgres: EmbeddedPostgres) -> None:
    for change in CHANGES:
        with recycled(postgres) as used:
            asyncio.run(execute(used, change))
        with recycled(postgres) as other:
            assert other != used, change


async def test_a_reused_backend_has_no_state_of_the_test_before(warm: None, database_dsn: Dsns) -> None:
    first = await connected(database_dsn.owner)
    pid = first.get_server_pid()
    await first.execute("set session_replication_role = replica; listen news; select pg_advisory_lock(1)")
    await first.fetchval("select $1::int", 1)
    await first.close()
    assert first.is_closed()
    assert pid in idle_backends
    with pytest.raises(asyncpg.InterfaceError):
        await first.fetchval("select 1")
    second = await connected(database_dsn.owner)
    assert second.get_server_pid() == pid
    assert pid not in idle_backends
    assert await second.fetchval("select $1::int", 2) == 2
    assert await second.fetchval("show session_replication_role") == "origin"
    assert await second.fetch("select * from pg_listening_channels()") == []
    assert await second.fetchval("select count(*) from pg_locks where locktype = 'advisory'") == 0
    await second.close()


async def test_a_connection_in_a_transaction_or_without_a_backend_is_not_used_again(
    warm: None, database_dsn: Dsns
) -> None:
    begun = await connected(database_dsn.owner)
    in_transaction = begun.get_server_pid()
    await begun.execute("begin")
    await begun.close()
    killed = await connected(database_dsn.owner)
    assert killed.get_server_pid() != in_transaction
    pid = killed.get_server_pid()
    await killed.close()
    await execute(database_dsn, f"select pg_terminate_backend({pid}, 5000)")
    other = await connected(database_dsn.owner)
    assert other.get_server_pid() != pid
    await other.close()


async def test_a_connection_whose_opening_is_cancelled_is_closed(warm: None, database_dsn: Dsns) -> None:
    kept = await connected(database_dsn.owner)
    pid = kept.get_server_pid()
    await kept.close()
    opening = asyncio.create_task(connected(database_dsn.owner))
    await asyncio.sleep(0)
    assert pid not in idle_backends, "it is being opened"
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    other = await connected(database_dsn.owner)
    assert other.get_server_pid() != pid
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await other.fetchval(  # noqa: ASYNC110 - no event to wait for
            "select count(*) from pg_stat_activity where pid = $1", pid
        ):
            await asyncio.sleep(0.01)
    await other.close()


async def test_a_new_server_reuses_the_connections_of_a_closed_server(warm: None, database_dsn: Dsns) -> None:
    pids = []
    for _ in range(2):
        database = await Database.open(database_dsn.server, readers=1)
        async with database.read() as session:
            pids.append(await session.fetchval("select pg_backend_pid()"))
            assert await session.fetchval("show statement_timeout") == "2s"
        await database.close()
    assert pids[0] == pids[1]
