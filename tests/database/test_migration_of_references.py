"""Revision 0021, which replaces foreign keys by guards, on a database with data and a server that pays."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from pocketpay.database import migrations, revisions
from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.roles import LOGIN
from pocketpay.database.sessions import Session
from pocketpay.operations import audit
from pocketpay.payments.desk import Desk
from pocketpay.transactions.lifecycle import Status
from tests.conftest import Dsns
from tests.payments.customers import Person, open_desk, people, send, without_risk_rules

REPLACED = (
    *("fk_ledger_entries_account", "fk_ledger_entries_transaction"),
    *("fk_transactions_source_wallet_id_wallets", "fk_transactions_destination_wallet_id_wallets"),
)


@pytest.fixture
async def before(empty: Dsns) -> Dsns:
    """A database of the revision before, without users.

    The server of this version acts as the server of that revision. It needs the types of revision 0026, so these
    types are in a separate schema, which the server's login searches first, also after the migration has run.
    """
    await asyncio.to_thread(command.upgrade, migrations.config(empty.owner), _previous())
    owner = await asyncpg.connect(empty.owner)
    await owner.execute("create schema later; grant usage on schema later to pocketpay_server")
    for type_ in ScriptDirectory.from_config(migrations.config()).get_revision("0026").module.TYPES:
        await owner.execute(f"create type later.{type_}")
    database = await owner.fetchval("select current_database()")
    await owner.execute(f"alter role {LOGIN} in database {database} set search_path = later, public")
    await owner.close()
    return empty


def _previous() -> str:
    revision = ScriptDirectory.from_config(migrations.config()).get_revision("0021").down_revision
    assert isinstance(revision, str)
    return revision


class Payer:
    """Two users who pay one another continuously. The statements are those of a server of the revision before."""

    def __init__(self, desk: Desk, ada: Person, bob: Person) -> None:
        self._desk, self._people = desk, (ada, bob)
        self._paid = 0
        self._one_more = asyncio.Condition()

    async def pay_on(self) -> None:
        while True:
            payer, payee = self._people if self._paid % 2 else reversed(self._people)
            answer = await send(self._desk, payer, payee, "1.00")
            assert answer.transaction.status is Status.COMPLETED
            async with self._one_more:
                self._paid += 1
                self._one_more.notify_all()

    async def payments(self, many: int) -> None:
        """Waits for this number of further payments."""
        wanted = self._paid + many
        async with self._one_more:
            await self._one_more.wait_for(lambda: self._paid >= wanted)


@asynccontextmanager
async def paying(dsns: Dsns) -> AsyncIterator[Payer]:
    """Pays during the block. A payment that fails fails the test."""
    async with open_desk(dsns.server, without_risk_rules()) as desk:
        payer = Payer(desk, *await people(desk, 2, funds="1000.00"))
        async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
            running = tasks.create_task(payer.pay_on())
            yield payer
            running.cancel()


async def _constraints(owner: "asyncpg.Connection[asyncpg.Record]") -> set[str]:
    return {row[0] for row in await owner.fetch("select conname from pg_constraint where contype = 'f'")}


async def test_a_server_of_the_previous_revision_pays_before_during_and_after_the_migration(before: Dsns) -> None:
    owner = await asyncpg.connect(before.owner)
    assert await _constraints(owner) >= set(REPLACED)
    async with paying(before) as payer:
        await payer.payments(20)
        await migrations.upgrade(before.owner, before.server)
        await payer.payments(20)
    assert not await _constraints(owner) & set(REPLACED)
    assert [finding async for finding in audit.findings(before.server)] == []
    await owner.close()


async def test_the_migration_does_not_block_payments_while_a_long_query_uses_a_table(before: Dsns) -> None:
    """It tries for three seconds, each time for a moment only, and changes nothing when it gives up."""
    owner, reader = [await asyncpg.connect(before.owner) for _ in range(2)]
    async with paying(before) as payer:
        await reader.execute("begin; select from transactions")
        migrating = asyncio.create_task(migrations.upgrade(before.owner, before.server))
        await payer.payments(5)
        with pytest.raises(DatabaseUnavailable, match="less traffic"):
            await migrating
        assert await _constraints(owner) >= set(REPLACED)
        assert await revisions.current(Session(owner)) == _previous()
        await reader.execute("rollback")
        await migrations.upgrade(before.owner, before.server)
        await payer.payments(5)
    assert not await _constraints(owner) & set(REPLACED)
    for connection in (owner, reader):
        await connection.close()


async def test_the_references_of_rows_written_before_are_audited(before: Dsns) -> None:
    """The guards do not see old rows. They may refer to nothing only if somebody had got past the foreign keys."""
    owner = await asyncpg.connect(before.owner)
    async with paying(before) as payer:
        await payer.payments(1)
    await owner.execute(
        "set session_replication_role = replica; "
        "insert into transactions (id, type, status, currency, destination_wallet_id, amount, fee, description, "
        "risk_reasons, version, created_at, updated_at) values ('01900000-0000-7000-8000-000000000001', 'deposit', "
        "'cancelled', 'USD', '01900000-0000-7000-8000-000000000002', 1, 0, '', '[]', 1, now(), now())"
    )
    await migrations.upgrade(before.owner, before.server)
    found = [(finding.id, finding.problem) async for finding in audit.findings(before.server)]
    assert found == [
        ("01900000-0000-7000-8000-000000000001", "its wallet 01900000-0000-7000-8000-000000000002 is gone")
    ]
    await owner.close()
