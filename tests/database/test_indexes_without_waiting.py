"""Migrations build an index of an existing table while payments go on (decision 72)."""

import asyncio
import io
import re

import asyncpg
import pytest
from alembic import command
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy.exc import SQLAlchemyError

from pocketpay.database import migrations
from tests.conftest import Dsns

BEFORE_THE_RULE = frozenset(
    ("0002", "0003", "0004", "0006", "0007", "0008", "0010", "0015", "0017", "0018", "0019", "0020")
)
"""Revisions that build an index of a table that exists before. No table was large in any database yet."""

CREATED = re.compile(r"create (?:unlogged )?table (\w+)", re.IGNORECASE)
INDEX = re.compile(r"create (?:unique )?index (concurrently )?(?:if not exists )?(\S+) on (\w+)", re.IGNORECASE)

BUILDING = """
select pid from pg_stat_activity
where datname = current_database() and query like 'CREATE INDEX CONCURRENTLY%' and wait_event = 'virtualxid'
"""
VALID = "select indisvalid from pg_index where indexrelid = to_regclass('ix_ledger_entries_bank_created')"


def _sql(script: Script) -> str:
    """Returns the statements of a migration, without executing them."""
    text = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": text, "transaction_per_migration": True}
    )
    with Operations.context(context):
        script.module.upgrade()
    return text.getvalue()


def _blocking(sql: str) -> set[str]:
    """Returns the indexes whose build makes writers of the table wait."""
    new = {name.lower() for name in CREATED.findall(sql)}
    return {name for concurrently, name, table in INDEX.findall(sql) if not concurrently and table not in new}


def test_no_migration_builds_an_index_while_payments_wait() -> None:
    scripts = [*ScriptDirectory.from_config(migrations.config()).walk_revisions()]
    blocking = {script.revision for script in scripts if _blocking(_sql(script))}
    assert blocking == BEFORE_THE_RULE


async def test_payments_go_on_while_an_index_is_built_and_an_interrupted_build_is_repeated(empty: Dsns) -> None:
    await asyncio.to_thread(command.upgrade, migrations.config(empty.owner), "0031")
    owner, payment = await asyncpg.connect(empty.owner), await asyncpg.connect(empty.owner)
    try:
        await payment.execute("begin; lock table ledger_entries in row exclusive mode")
        interrupted = asyncio.create_task(asyncio.to_thread(command.upgrade, migrations.config(empty.owner), "0022"))
        await owner.fetchval("select pg_terminate_backend($1)", await _waiting(owner, interrupted))
        with pytest.raises(SQLAlchemyError):
            await interrupted
        assert await owner.fetchval(VALID) is False
        repeated = asyncio.create_task(asyncio.to_thread(command.upgrade, migrations.config(empty.owner), "0022"))
        await payment.execute("commit; begin; lock table ledger_entries in row exclusive mode")
        await payment.execute("commit")
        await repeated
        assert await owner.fetchval(VALID) is True
    finally:
        await owner.close()
        await payment.close()


async def _waiting(owner: "asyncpg.Connection[asyncpg.Record]", migration: "asyncio.Task[None]") -> int:
    """Returns the process of the migration once its build waits for the payment, which it does not stop."""
    while not migration.done():
        if (pid := await owner.fetchval(BUILDING)) is not None:
            assert isinstance(pid, int)
            return pid
        await asyncio.sleep(0.02)
    await migration
    raise AssertionError("the migration did not wait for the payment")
