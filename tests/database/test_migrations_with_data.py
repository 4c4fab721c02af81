"""Migrations of a database with customers, cards and payments, each interrupted once.

The data is made by today's server and copied to an empty database at an old revision, in the columns that it has.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from asyncpg import Connection, Record
from sqlalchemy import Engine, event
from sqlalchemy.exc import SQLAlchemyError

from pocketpay.database import migrations
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.roles import LOGIN, OWNER
from tests.conftest import Dsns
from tests.payments.cards import buy, issue
from tests.payments.customers import (
    known_pair,
    new_money_request,
    open_desk,
    pay_out,
    records_of,
    send,
    terms,
)

OLD = "0006"
"""The first revision with a table for everything that moves money."""

COPIED = (
    *("ledger_accounts", "wallets", "users", "cards", "money_requests", "transactions", "ledger_entries"),
    *("idempotency_keys", "wallet_usage"),
)
"""The tables that are copied, in the order of their foreign keys."""

COLUMNS = "select column_name from information_schema.columns where table_name = $1 and table_schema = 'public'"
TERMINATE = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and application_name = 'pocketpay migrate'
"""


@pytest.fixture
async def filled(database_dsn: Dsns) -> Dsns:
    """A database with customers who have used everything that moves money, except refunds: revision 0011 changed how
    they count in limits, and does not count earlier ones again."""
    async with open_desk(database_dsn.server, terms()) as desk:
        ada, bob = await known_pair(desk, funds="100.00")
        await send(desk, ada, bob, "20.00")
        await pay_out(desk, ada, "10.00")
        await new_money_request(desk, bob, ada, "3.00")
        used, unused = await issue(desk, ada), await issue(desk, bob)
        assert used.card.id != unused.card.id
        await buy(desk, ada, used.card.id, "7.00")
        await buy(desk, ada, used.card.id, "8.00")
    return database_dsn


@pytest.fixture
async def old(postgres: EmbeddedPostgres, filled: Dsns) -> AsyncIterator[Dsns]:
    """A database at an old revision, with that data."""
    made = Dsns(server=postgres.dsn(LOGIN, "old"), owner=postgres.dsn(OWNER, "old"))
    await _execute(postgres.dsn(OWNER, "postgres"), "create database old owner " + OWNER)
    await asyncio.to_thread(command.upgrade, migrations.config(made.owner), OLD)
    there, here = await asyncpg.connect(filled.owner), await asyncpg.connect(made.owner)
    try:
        async with here.transaction():
            for table in COPIED:
                await _copy(there, here, table)
    finally:
        await there.close()
        await here.close()
    yield made
    await _execute(postgres.dsn(OWNER, "postgres"), "drop database old with (force)")


async def _copy(there: "Connection[Record]", here: "Connection[Record]", table: str) -> None:
    columns = ", ".join(row[0] for row in await here.fetch(COLUMNS, table))
    rows = await there.fetchval(f"select json_agg(t) from (select {columns} from {table}) t")
    await here.execute(
        f"insert into {table} ({columns}) select {columns} from json_populate_recordset(null::{table}, $1::json)",
        rows or json.dumps([]),
    )


async def _value(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _data(dsn: str) -> dict[str, object]:
    connection = await asyncpg.connect(dsn)
    try:
        return {
            table: await connection.fetchval(f"select json_agg(t order by t::text) from {table} t")
            for table in COPIED
        }
    finally:
        await connection.close()


class Interrupts:
    """Ends the connection of a migration once, after its first change of the tables, as an administrator or a restart
    of PostgreSQL does."""

    def __init__(self, owner_dsn: str) -> None:
        self._owner_dsn, self.armed = owner_dsn, False

    def __call__(self, *arguments: object) -> None:
        """SQLAlchemy calls it after each statement, inside the event loop of the migration."""
        statement = str(arguments[2]).lower().strip()
        if self.armed and not statement.startswith(("select", "show")):
            self.armed = False
            interrupting = threading.Thread(target=asyncio.run, args=(_execute(self._owner_dsn, TERMINATE),))
            interrupting.start()
            interrupting.join()


@pytest.fixture
def interrupts(old: Dsns) -> Iterator[Interrupts]:
    interrupting = Interrupts(old.owner)
    event.listen(Engine, "after_cursor_execute", interrupting)
    yield interrupting
    event.remove(Engine, "after_cursor_execute", interrupting)


async def test_each_interrupted_migration_is_repeated_and_changes_no_data(
    filled: Dsns, old: Dsns, interrupts: Interrupts
) -> None:
    scripts = ScriptDirectory.from_config(migrations.config())
    after = [one.revision for one in reversed([*scripts.iterate_revisions("head", OLD)])]
    assert len(after) > 10
    done = OLD
    for revision in after:
        interrupts.armed = True
        with pytest.raises(SQLAlchemyError):
            await asyncio.to_thread(command.upgrade, migrations.config(old.owner), revision)
        assert not interrupts.armed, "the migration was not interrupted"
        assert await _value(old.owner, "select version_num from alembic_version") == done
        await asyncio.to_thread(command.upgrade, migrations.config(old.owner), revision)
        done = revision
    await migrations.upgrade(old.owner, old.server)
    assert await _data(old.owner) == await _data(filled.owner)
    async with records_of(old.server, old.owner) as records:
        assert await records.findings() == []
