"""Migrations: each is applied completely or not at all, by one process at a time; no server runs on another
revision."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from asyncpg import Connection, Record

from pocketpay.database import migrations, revisions, startup
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.errors import DatabaseUnavailable, WrongRevision
from pocketpay.database.roles import OWNER
from pocketpay.database.sessions import Database
from pocketpay.risk.rules import SETTINGS
from tests.conftest import Dsns
from tests.database.conftest import on_server
from tests.database.listing import listing
from tests.patience import PATIENCE_SECONDS

LISTING = revisions.folder() / "listing.txt"
HOW_TO_WRITE_IT = (
    "What guards the database is not what was reviewed. If it is meant to be so, write it and review the difference: "
    "WRITE_LISTING=1 python -m pytest tests/database/test_migrations.py -k listing"
)
TABLES = "select count(*) from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _ask(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_a_migrated_database_has_the_revision_that_the_server_requires(database: Database) -> None:
    async with database.read() as session:
        await revisions.check(session)
        assert await revisions.current(session) == revisions.expected()


def test_the_revisions_read_from_files_are_the_same_as_alembics() -> None:
    scripts = ScriptDirectory.from_config(migrations.config())
    assert revisions.expected() == scripts.get_current_head()
    assert revisions.known() == {script.revision for script in scripts.walk_revisions()}


async def test_the_migrated_tables_match_the_models(database_dsn: Dsns) -> None:
    """Fails with the changes that Alembic finds; `alembic revision --autogenerate` writes them."""
    await asyncio.to_thread(command.check, migrations.config(database_dsn.owner))


async def test_guards_and_grants_match_the_committed_listing(owner: "Connection[Record]") -> None:
    """Run it with WRITE_LISTING=1 to write the current listing, and review the diff."""
    found = await listing(owner)
    if os.environ.get("WRITE_LISTING"):
        LISTING.write_text(found, encoding="utf-8")
    assert found == LISTING.read_text(encoding="utf-8"), HOW_TO_WRITE_IT


async def test_migrating_again_changes_nothing(database_dsn: Dsns, owner: "Connection[Record]") -> None:
    before = await owner.fetchval(TABLES)
    await migrations.upgrade(database_dsn.owner, database_dsn.server)
    assert await owner.fetchval(TABLES) == before


async def test_two_concurrent_migrations_both_succeed(empty: Dsns) -> None:
    await asyncio.gather(*(migrations.upgrade(empty.owner, empty.server) for _ in range(2)))
    assert await _ask(empty.server, "select version_num from alembic_version") == revisions.expected()


async def test_every_usual_form_of_the_dsn_is_accepted(empty: Dsns) -> None:
    await migrations.upgrade(
        empty.owner.replace("postgresql://", "postgresql+asyncpg://"),
        empty.server.replace("postgresql://", "postgres://"),
    )
    assert await _ask(empty.server, "select version_num from alembic_version") == revisions.expected()


def test_a_killed_migration_leaves_nothing_half_done(empty: Dsns) -> None:
    script = (
        "import asyncio, os, signal, sys\n"
        "from sqlalchemy import Engine, event\n"
        "from pocketpay.database import migrations\n"
        "@event.listens_for(Engine, 'after_cursor_execute')\n"
        "def kill_after_a_table(*arguments):\n"
        "    if 'create table' in arguments[2].lower() and 'alembic_version' not in arguments[2]:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(migrations.upgrade(*sys.argv[1:]))\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, empty.owner, empty.server], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert asyncio.run(_ask(empty.owner, TABLES + " and relname <> 'alembic_version'")) == 0
    asyncio.run(migrations.upgrade(empty.owner, empty.server))
    assert asyncio.run(_ask(empty.owner, "select version_num from alembic_version")) == revisions.expected()


async def test_risk_settings_from_before_the_fourth_rule_are_kept(empty: Dsns) -> None:
    before = ScriptDirectory.from_config(migrations.config()).get_revision("0014").down_revision
    assert isinstance(before, str)
    owner = await asyncpg.connect(empty.owner)
    try:
        await asyncio.to_thread(command.upgrade, migrations.config(empty.owner), before)
        put = "insert into risk_settings select unnest($1::text[]), 'x', clock_timestamp()"
        fourth = [name for name in SETTINGS if name.startswith("unusual_hour_")]
        earlier = sorted(SETTINGS.keys() - fourth)
        await owner.execute(put, earlier)
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(put, fourth)
        await migrations.upgrade(empty.owner, empty.server)
        await owner.execute(put, fourth)
        kept = await owner.fetch("select name from risk_settings where value = 'x' order by name")
        assert [row["name"] for row in kept] == sorted([*earlier, *fourth])
    finally:
        await owner.close()


async def test_a_database_without_tables_is_refused(empty: Dsns) -> None:
    database = await Database.open(empty.server, readers=1, writers=1)
    with pytest.raises(WrongRevision, match="Run `pocketpay migrate`"):
        async with database.read() as session:
            await revisions.check(session)
    await database.close()


async def test_a_later_revision_that_does_not_support_this_server_is_refused(
    database: Database, owner: "Connection[Record]"
) -> None:
    await owner.execute("update alembic_version set version_num = 'tomorrow'")
    await owner.execute("delete from served_revisions where revision = $1", revisions.expected())
    with pytest.raises(WrongRevision, match="Install a newer server"):
        async with database.read() as session:
            await revisions.check(session)


async def test_the_tables_support_every_revision_since_0025(database: Database) -> None:
    """A migration that takes something away from earlier servers changes this test."""
    async with database.read() as session:
        for revision in ("0025", revisions.expected()):
            assert await revisions.serves(session, revision)
        assert not await revisions.serves(session, "0020")


async def test_a_later_revision_that_supports_this_server_is_accepted(
    database: Database, database_dsn: Dsns, owner: "Connection[Record]"
) -> None:
    await owner.execute("update alembic_version set version_num = 'tomorrow'")
    await owner.execute("insert into served_revisions values ('tomorrow')")
    async with database.read() as session:
        await revisions.check(session)
    assert await migrations.upgrade(database_dsn.owner, database_dsn.server) == migrations.Upgraded("tomorrow")


async def test_an_older_postgresql_is_not_migrated(empty: Dsns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "MIN_VERSION", 190_000)
    with pytest.raises(DatabaseUnavailable, match="use 18 or newer"):
        await migrations.upgrade(empty.owner, empty.server)
    assert await _ask(empty.owner, TABLES) == 0


async def test_an_unreachable_database_is_reported_in_one_sentence() -> None:
    nowhere = "postgresql://pocketpay@/pocketpay?host=/nowhere"
    with pytest.raises(DatabaseUnavailable, match="DATABASE_URL") as refused:
        await migrations.upgrade(nowhere, nowhere)
    assert "\n" not in str(refused.value)


async def test_the_servers_login_can_switch_to_the_reader_role_and_does_not_start_with_it(database_dsn: Dsns) -> None:
    server = await asyncpg.connect(database_dsn.server)
    assert await server.fetchval("select pg_has_role('pocketpay_server', 'usage')")
    assert not await server.fetchval("select pg_has_role('pocketpay_reader', 'usage')")
    await server.execute("set role pocketpay_reader")
    assert await server.fetchval("select version_num from alembic_version")
    await server.close()


async def test_an_owner_without_createrole_gets_the_sql_for_an_administrator(
    empty: Dsns, postgres: EmbeddedPostgres
) -> None:
    await _execute(empty.owner, "create role weak nologin; alter database empty owner to weak")
    try:
        with pytest.raises(DatabaseUnavailable, match="GRANT pocketpay_server TO pocketpay_owner;"):
            await migrations.upgrade(empty.owner + "&role=weak", empty.owner)
        assert await _ask(empty.owner, TABLES) == 0
        # When the roles exist already, the owner needs no right to create them.
        await migrations.upgrade(empty.owner + "&role=weak", empty.server)
    finally:
        await _execute(empty.owner, f"reassign owned by weak to {OWNER}; drop owned by weak; drop role weak")


def test_an_owner_with_createrole_migrates_without_being_superuser(cluster_home: Path) -> None:
    with EmbeddedPostgres(cluster_home / "strong", durable=False, system_home=cluster_home / "home") as postgres:
        on_server(postgres, "create role strong nologin createrole")
        on_server(postgres, "alter database pocketpay owner to strong")
        asyncio.run(migrations.upgrade(postgres.owner_dsn + "&role=strong", postgres.server_dsn))
        assert asyncio.run(_ask(postgres.server_dsn, "select pg_has_role('pocketpay_server', 'usage')"))


async def test_a_migration_waits_three_seconds_for_a_lock_and_then_reports_it(empty: Dsns) -> None:
    await migrations.upgrade(empty.owner, empty.server)
    await _execute(empty.owner, "delete from alembic_version")
    busy = await asyncpg.connect(empty.owner)
    await busy.execute("begin; lock table alembic_version")
    with pytest.raises(DatabaseUnavailable, match="less traffic"):
        await asyncio.wait_for(migrations.upgrade(empty.owner, empty.server), PATIENCE_SECONDS)
    await busy.close()
