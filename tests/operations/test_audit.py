"""The audit finds and names every kind of damage to the books, and reports nothing else."""

import asyncio
import io
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import uuid_utils.compat as uuids
from asyncpg import Connection, Record

from pocketpay.database.sessions import Session
from pocketpay.operations import audit
from pocketpay.operations.audit import PROOFS
from pocketpay.payments.desk import Desk
from pocketpay.payments.transfer import transfer
from pocketpay.transactions.lifecycle import Status
from tests import commands
from tests.conftest import Dsns
from tests.operations import incremental
from tests.operations.damage import GUARDS_OFF, GUARDS_ON, NEW, OTHER, Damage
from tests.operations.damaged_acts import ACTS
from tests.operations.damaged_bank_accounts import BANK_ACCOUNTS
from tests.operations.damaged_bank_files import BANK_FILES
from tests.operations.damaged_books import BOOKS
from tests.operations.damaged_cards import CARDS
from tests.operations.damaged_closings import CLOSINGS
from tests.operations.damaged_guards import GUARDS
from tests.operations.damaged_payments import PAYMENTS
from tests.operations.damaged_refunds import REFUNDS
from tests.operations.damaged_requests import REQUESTS
from tests.operations.damaged_search import SEARCH
from tests.operations.damaged_times import TIMES
from tests.operations.town import Town, open_desk, trade
from tests.warm_connections import connected

DAMAGES = (
    *(*BOOKS, *PAYMENTS, *REFUNDS, *REQUESTS, *CARDS, *TIMES, *CLOSINGS, *ACTS, *SEARCH, *GUARDS, *BANK_FILES),
    *BANK_ACCOUNTS,
)
RIGHT = f"The ledger is correct: all {len(PROOFS)} laws hold.\n"

CONSTRAINTS = """
select conrelid::regclass::text, conname from pg_constraint
where contype in ('c', 'f', 'p', 'u') and conrelid = any($1::regclass[]) order by conname
"""
TABLES = [
    *("ledger_accounts", "ledger_entries", "transactions", "idempotency_keys", "wallets", "wallet_usage"),
    *("money_requests", "cards", "operator_actions", "bank_files", "bank_lines", "bank_differences"),
    *("bank_accounts", "bank_orders", "bank_returns", "bank_return_refunds"),
]


@pytest.fixture(scope="module")
def town(module_dsn: Dsns) -> Town:
    return asyncio.run(trade(module_dsn))


@pytest.fixture
async def undone(warm: None, module_dsn: Dsns) -> AsyncIterator["Connection[Record]"]:
    """A connection as the owner in a transaction that is rolled back, in which damage is made and audited."""
    connection = await connected(module_dsn.owner)
    await connection.execute("begin")
    yield connection
    await connection.execute("rollback")
    await connection.close()


class WithoutCursors(Session):
    """Reads all rows of a statement at once, which takes half the time of a cursor."""

    __slots__ = ()

    async def stream(self, sql: str, *arguments: Any, prefetch: int = 0) -> AsyncIterator[Record]:
        for record in await self.fetch(sql, *arguments):
            yield record


async def audited(connection: "Connection[Record]") -> tuple[int, dict[str, set[str]], str]:
    """Runs the audit. Returns the exit code, the ids for each broken law, and the last line."""
    await connection.execute("set local role pocketpay_reader")
    out = io.StringIO()
    code = await audit.write_report(audit.prove(WithoutCursors(connection)), out)
    *lines, last = out.getvalue().splitlines()
    found: dict[str, set[str]] = {}
    for line in lines:
        law = next(proof.law for proof in PROOFS if line.startswith(f"{proof.law}: "))
        id, problem = line.removeprefix(f"{law}: ").split(": ", 1)
        assert problem not in ("", "None")
        found.setdefault(law, set()).add(id)
    return code, found, last


async def test_the_audit_finds_nothing_in_books_of_real_payments(town: Town, module_dsn: Dsns) -> None:
    out = io.StringIO()
    assert await audit.report(module_dsn.server, out) == 0
    assert out.getvalue() == RIGHT


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
async def test_the_audit_finds_the_damage_and_nothing_else(
    town: Town, undone: "Connection[Record]", damage: Damage
) -> None:
    if damage.found.keys() & incremental.PROOFS_SINCE:
        await incremental.write_checkpoint(undone)
    await undone.execute(damage.sql.format_map(town.names))
    code, found, last = await audited(undone)
    assert found == {proof.law: {id.format_map(town.names) for id in ids} for proof, ids in damage.found.items()}
    assert code == 1
    assert last.startswith("The ledger has errors: ")
    if damage.found.keys() & incremental.PROOFS_SINCE:
        assert await incremental.outcome(undone, found) == incremental.COVERED.get(damage.name, "found")
        await incremental.delete_checkpoint(undone)
        assert await incremental.outcome(undone, found) == incremental.ADDED.get(damage.name, "found")


OLD = f"""
insert into operator_actions (id, operator, action, wallet_id, reason, facts, created_at)
values ('{NEW}', 'ops', 'begin_recovery', '{{dan}}', 'Long ago', jsonb_build_object('challenge', '{OTHER}'),
    now() - interval '31 minutes')
"""


async def test_the_expired_code_of_a_recovery_is_not_reported_as_missing(
    town: Town, undone: "Connection[Record]"
) -> None:
    await undone.execute(OLD.format_map(town.names))
    assert (await audited(undone))[:2] == (0, {})


def test_every_law_of_the_audit_is_tested_with_damaged_rows() -> None:
    assert {proof for damage in DAMAGES for proof in damage.found} == set(PROOFS)


async def test_the_audit_reports_every_missing_constraint_of_the_books(
    town: Town, undone: "Connection[Record]"
) -> None:
    rows = await undone.fetch(CONSTRAINTS, TABLES)
    for table, name in rows:
        await undone.execute(f"savepoint whole; alter table {table} drop constraint {name} cascade")
        _, found, _ = await audited(undone)
        assert name in set().union(*found.values()), name
        await undone.execute("rollback to whole")
    assert len(rows) > 35


async def test_the_audit_uses_the_reader_role_and_cannot_write(town: Town, module_dsn: Dsns) -> None:
    async with audit.snapshot(module_dsn.server) as session:
        assert await session.fetchval("select current_user") == "pocketpay_reader"
        assert await session.fetchval("show transaction_isolation") == "repeatable read"
        assert await session.fetchval("show statement_timeout") == "0"
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await session.execute("update ledger_accounts set posted = 0")


async def test_an_audit_reads_one_snapshot(town: Town, database_dsn: Dsns) -> None:
    here = await trade(database_dsn)
    owner = await asyncpg.connect(database_dsn.owner)
    async with audit.snapshot(database_dsn.server) as session:
        before = await session.fetchval("select count(*) from ledger_entries")
        await owner.execute(f"update ledger_accounts set posted = posted + 1 where id = '{here['dan']}'")
        assert await session.fetchval("select count(*) from ledger_entries") == before
        assert [finding async for finding in audit.prove(session)] == []
    assert [finding.id async for finding in audit.findings(database_dsn.server)] == [here["dan"]]
    await owner.close()


async def test_an_audit_during_live_traffic_finds_nothing(database_dsn: Dsns) -> None:
    town = await trade(database_dsn)
    async with open_desk(database_dsn.server) as desk:
        paying = asyncio.create_task(_pay_on(desk, town))
        during = []
        for _ in range(5):
            before = desk.clearing.counts.instructions
            assert [finding async for finding in audit.findings(database_dsn.server)] == []
            during.append(desk.clearing.counts.instructions - before)
        paying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await paying
        assert sum(during) > 0


async def _pay_on(desk: Desk, town: Town) -> None:
    """Bob and Dan pay one another continuously; some payments are held."""
    pairs = (("bob", "dan", "0.01"), ("dan", "bob", "0.01"), ("bob", "carol", "0.02"), ("dan", "carol", "51.00"))
    while True:
        answers = await asyncio.gather(
            *(
                transfer(
                    desk,
                    UUID(town[payer]),
                    raw_to=payee,
                    raw_amount=amount,
                    raw_description="Lunch",
                    raw_key=uuids.uuid7().hex,
                )
                for payer, payee, amount in pairs
            )
        )
        assert answers[0].transaction.status is Status.COMPLETED


MANY = 10_000
FILL = f"""
insert into transactions (id, type, status, currency, destination_wallet_id, amount, fee, description, risk_reasons,
    version, created_at, updated_at, completed_at)
select md5('t' || n)::uuid, 'deposit', 'completed', 'USD', '{{dan}}', 1, 0, '', '[]', 1, at, at, at
from generate_series(1, {MANY}) n, (select now() as at) clock;
with moved as (
    update ledger_accounts
    set posted = posted + {MANY}, sequence = sequence + {MANY}, version = version + {MANY}, updated_at = now()
    where id = '{{dan}}'
    returning posted - {MANY} as posted, sequence - {MANY} as sequence)
insert into ledger_entries
    (id, account_id, transaction_id, amount, currency, kind, sequence, balance_after, description, created_at)
select md5('w' || n)::uuid, '{{dan}}'::uuid, md5('t' || n)::uuid, 1, 'USD', 'wallet', sequence + n, posted + n, '',
    now()
from moved, generate_series(1, {MANY}) n
union all
select md5('b' || n)::uuid, '{{bank}}', md5('t' || n)::uuid, -1, 'USD', 'bank', null, null, '', now()
from generate_series(1, {MANY}) n;
insert into wallet_usage values ('{{dan}}', 'deposit', date_trunc('hour', now(), 'UTC'), {MANY})
"""


async def test_thousands_of_entries_and_findings_are_streamed(town: Town, undone: "Connection[Record]") -> None:
    await undone.execute(FILL.format_map(town.names))
    assert (await audited(undone))[:2] == (0, {})
    await undone.execute(f"reset role; {GUARDS_OFF} update transactions set amount = 2 where amount = 1 {GUARDS_ON}")
    code, found, last = await audited(undone)
    assert code == 1
    assert [len(ids) for ids in found.values()] == [MANY, 1]
    assert last == f"The ledger has errors: {2 * MANY + 1} findings."


def test_the_audit_command_prints_its_findings_and_exits_with_1(database_dsn: Dsns, tmp_path: Path) -> None:
    town = asyncio.run(trade(database_dsn))
    right = _audit_verb(database_dsn.server, tmp_path)
    assert (right.returncode, right.stdout, right.stderr) == (0, RIGHT, "")
    asyncio.run(_execute(database_dsn.owner, f"update ledger_accounts set posted = 7 where id = '{town['dan']}'"))
    wrong = _audit_verb(database_dsn.server, tmp_path)
    assert wrong.returncode == 1
    assert wrong.stderr == ""
    assert wrong.stdout.splitlines() == [
        f"law 4: a wallet's balance is the sum of its entries: {town['dan']}: "
        "posted 7 at 1, but its entries sum to 10000 at 1",
        "The ledger has errors: 1 finding.",
    ]


def _audit_verb(dsn: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": dsn}
    return commands.run("audit", folder=folder, environment=environment, files=folder, seconds=60)


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement)
    await connection.close()
