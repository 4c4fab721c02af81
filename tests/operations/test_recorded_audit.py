"""`pocketpay audit` records its runs, and an incremental audit continues from the checkpoint of the last one."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import asyncpg
import pytest
from asyncpg import Connection, Record

from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.sessions import Session
from pocketpay.operations import audit, checkpoint, recorded_audit
from pocketpay.operations.audit import PROOFS
from pocketpay.operations.repository import audit_runs
from pocketpay.operations.repository.audit_runs import AuditKind
from pocketpay.payments.transfer import transfer
from pocketpay.transactions.repository import added
from tests.conftest import Dsns
from tests.operations.damage import GUARDS_OFF, GUARDS_ON
from tests.operations.town import Town, open_desk, trade

RIGHT = f"The ledger is correct: all {len(PROOFS)} laws hold.\n"
SINCE = "The rows added since "
DISAGREES = "The checkpoint does not agree with the books: account"
STATE = """
select (select jsonb_agg(l order by law) from audit_laws l),
    (select jsonb_agg(a order by account_id) from audit_accounts a)
"""
WHOLE = {
    "law 2: no wallet spends or holds more than it has",
    "law 3: the triggers of the ledger are in force",
    "law 3: the constraints of the ledger are in force",
    "law 3: no column of the ledger is empty, except the sequence and balance of house entries",
    "law 3: only the owner of the table has the right to rewrite entries",
    "law 4: the last change of a wallet's account is not before its newest entry",
    "the held amount of a wallet is the sum of its unfinished payments",
    "every wallet has its account and its one owner",
    "the constraints of money requests are in force",
    "the monthly total of a card is the sum of its payments in that month, less refunds",
    "a closed wallet is empty: it has no unfinished payment, no open card and no open money request",
    "a wallet is closed exactly when its owner's account is closed, and a closed account has no session",
    "the triggers of the statuses of transactions, money requests and cards are in force",
    "the triggers of columns that never change are in force",
    "the triggers that replace foreign keys are in force",
    "the constraints of transactions, keys, usage, wallets and cards are in force",
    "only the owner of the tables has the right to write the record of audits and its checkpoint",
    "each action in the operator log has a known kind",
    "a wallet is frozen exactly when the operator log shows it",
    "each action that freezes or unfreezes a wallet changed its status",
    "each reversal has one action in the operator log with its amount and time, and each such action has its "
    "reversal; a refund without one was ordered by a customer or books what a bank took back",
    "a user is an operator exactly when the operator log shows it",
    "each action that grants or revokes a role changed the user's role",
    "a risk setting has the value that the operator log shows",
    "each action on a risk setting records the value before it, and changed the value",
    "each action that begins a recovery created a code for that customer, and a mail",
    "each action that verifies an email address changed an unverified address",
    "each action that ends the sessions of a customer ended all of them",
    "the triggers of the operator log and of usernames are in force",
    "only the owner of the table has the right to rewrite the operator log",
    "the constraints of the operator log are in force",
    "each bank file has its lines, and they sum to its total",
    "each line of a bank file is in the books with its amount, or has a difference",
    "each difference with the bank is closed exactly when the operator log shows it, and each import has its action",
    "the triggers of bank files and their differences are in force",
    "the constraints of bank files and their differences are in force",
    "a bank account is of the owner of its wallet, in its currency, and a closed wallet has only removed ones",
    "an order through a bank account is a deposit or a withdrawal of its wallet, in its currency",
    "what a bank took back of an order is refunded or outstanding, and never more than the order moved",
    "a return is booked by completed refunds of its order, which nobody else ordered, and by no more than it is",
    "the triggers of bank accounts, orders and returns are in force",
    "the constraints of bank accounts, orders and returns are in force",
}
"""The laws that an incremental audit checks on all rows: catalogs, one row per customer, or operators' actions."""


@pytest.fixture(scope="module")
def town(module_dsn: Dsns) -> Town:
    return asyncio.run(trade(module_dsn))


@pytest.fixture
async def owner(town: Town, module_dsn: Dsns) -> AsyncIterator["Connection[Record]"]:
    """The owner's connection, to books without a recorded audit. It undoes the damage of the earlier test."""
    connection = await asyncpg.connect(module_dsn.owner)
    await connection.execute("delete from audit_laws; delete from audit_accounts; delete from audit_runs")
    yield connection
    await connection.close()


async def _run(dsns: Dsns, *, incremental: bool = False, standby: bool = False) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = await recorded_audit.run(
        dsns.server, dsns.owner, incremental=incremental, standby=standby, out=out, err=err
    )
    return code, out.getvalue(), err.getvalue()


async def _last(connection: "Connection[Record]") -> audit_runs.AuditRun:
    run = await audit_runs.last(Session(connection))
    assert run is not None
    return run


async def test_an_incremental_audit_continues_from_the_last_correct_one(
    owner: "Connection[Record]", module_dsn: Dsns
) -> None:
    assert await _run(module_dsn) == (0, RIGHT, "")
    whole = await _last(owner)
    assert (whole.kind, whole.ok, whole.findings, whole.laws) == (AuditKind.WHOLE, True, 0, len(PROOFS))
    assert whole.whole_at == whole.began_at <= whole.finished_at
    assert whole.login == "pocketpay_owner"

    for _ in range(2):
        code, out, err = await _run(module_dsn, incremental=True)
        assert (code, err) == (0, "")
        assert out.startswith(SINCE)
        run = await _last(owner)
        assert (run.kind, run.ok, run.whole_at) == (AuditKind.INCREMENTAL, True, whole.began_at)
        assert await owner.fetchval("select count(distinct run_id) from audit_laws") == 1
        assert (
            await owner.fetchval("select began_at from audit_runs where id = (select run_id from audit_laws limit 1)")
            == run.began_at
        )


async def test_an_incremental_audit_reads_only_added_rows_and_finds_damage_in_them(
    town: Town, owner: "Connection[Record]", module_dsn: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(added, "MARGIN", 0 * added.MARGIN)
    await _run(module_dsn)
    async with open_desk(module_dsn.server) as desk:
        paid = await transfer(
            desk, UUID(town["bob"]), raw_to="dan", raw_amount="1.00", raw_description="", raw_key="key-of-the-new"
        )
    new = str(paid.transaction.id)
    async with audit.snapshot(module_dsn.server) as session:
        used = await checkpoint.read(session, PROOFS)
        assert isinstance(used, checkpoint.Checkpoint)
        assert [str(id) for id in used.added.transactions] == [new]
        assert {str(id) for id in used.added.accounts} == {town["bob"], town["dan"]}
    before = await owner.fetch(STATE)
    change = "update ledger_entries set amount = amount - 1 where transaction_id = '{}' and amount < 0"
    await owner.execute(GUARDS_OFF.replace("set local", "set") + change.format(new))
    await owner.execute("set session_replication_role = origin;" + GUARDS_ON.split(";", 2)[2])
    try:
        code, out, err = await _run(module_dsn, incremental=True)
        assert (code, err) == (1, "")
        assert f"law 1: the entries of a transaction sum to zero: {new}: " in out
        run = await _last(owner)
        assert (run.kind, run.ok, run.findings) == (AuditKind.INCREMENTAL, False, len(out.splitlines()) - 1)
        assert {finding.id for finding in run.sample} >= {new}
        assert await owner.fetch(STATE) == before, "a run with findings is no checkpoint"
    finally:
        await owner.execute(
            GUARDS_OFF.replace("set local", "set") + change.format(new).replace("amount - 1", "amount + 1")
        )
        await owner.execute("set session_replication_role = origin;" + GUARDS_ON.split(";", 2)[2])
    assert (await _run(module_dsn, incremental=True))[0] == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("delete from audit_laws", "A checkpoint does not exist yet."),
        ("update audit_runs set revision = '0001'", "The checkpoint is of revision 0001, the tables are of "),
        ("update audit_runs set ok = false, findings = 1", "The checkpoint does not come from one correct audit."),
        (
            "insert into audit_runs select gen_random_uuid(), kind, ok, findings, sample, laws, began_at, "
            "finished_at, whole_at, revision, login from audit_runs; update audit_laws set "
            "run_id = (select id from audit_runs r where r.id <> audit_laws.run_id limit 1) where law like 'law 1%'",
            "The checkpoint does not come from one correct audit.",
        ),
        (
            "update audit_runs set began_at = now() + interval '1 day', finished_at = now() + interval '1 day', "
            "whole_at = now() + interval '1 day'",
            "The checkpoint is ahead of the database's clock.",
        ),
        (
            "update audit_accounts set sequence = sequence + 1, posted = posted where account_id = '{bob}'",
            DISAGREES + " {bob} has fewer entries.",
        ),
        (
            "update audit_accounts set sequence = sequence - 1 where account_id = '{bob}'",
            DISAGREES + " {bob} has different entries.",
        ),
        (
            "update audit_accounts set posted = posted + 1 where account_id = '{dan}'",
            DISAGREES + " {dan} has different entries.",
        ),
        (
            "insert into audit_accounts values ('00000000-0000-4000-8000-000000000001', 0, 0, null)",
            DISAGREES + " 00000000-0000-4000-8000-000000000001 does not exist.",
        ),
    ],
)
async def test_a_checkpoint_that_cannot_be_right_is_refused_and_replaced(
    town: Town, owner: "Connection[Record]", module_dsn: Dsns, change: str, reason: str
) -> None:
    await _run(module_dsn)
    before = await owner.fetch("select * from audit_accounts order by 1")
    await owner.execute(change.format_map(town.names))
    code, out, err = await _run(module_dsn, incremental=True)
    assert (code, out) == (0, RIGHT)
    assert err.startswith(reason.format_map(town.names))
    assert err.endswith(" A whole audit runs.\n")
    assert await owner.fetch("select * from audit_accounts order by 1") == before
    assert (await _run(module_dsn, incremental=True))[1].startswith(SINCE)


AGE = """
update transactions set created_at = created_at - interval '30 days', updated_at = updated_at - interval '30 days',
    completed_at = completed_at - interval '30 days';
update money_requests set created_at = created_at - interval '30 days', updated_at = updated_at - interval '30 days';
"""
NOW = "updated_at = clock_timestamp()"


@pytest.mark.parametrize(
    ("change", "transactions", "requests"),
    [
        ("select 1", set(), set()),
        (f"update transactions set {NOW} where id = '{{cancelled}}'", {"cancelled"}, set()),
        (
            "update transactions set created_at = now() - interval '119 minutes', updated_at = now() "
            "where id = '{pending}'",
            {"pending"},
            set(),
        ),
        (f"update transactions set {NOW} where id = '{{partly}}'", {"partly", "given", "rest"}, set()),
        (f"update transactions set {NOW} where id = '{{given}}'", {"partly", "given", "rest"}, set()),
        (f"update transactions set {NOW} where id = '{{paid}}'", {"paid"}, {"asked_and_paid"}),
        (f"update money_requests set {NOW} where id = '{{asked_and_paid}}'", {"paid"}, {"asked_and_paid"}),
        (f"update money_requests set {NOW} where id = '{{asked}}'", set(), {"asked"}),
        (
            "update audit_accounts set sequence = 0, posted = 0 where account_id = '{carol}'",
            {"carols_deposit", "last"},
            set(),
        ),
    ],
)
async def test_an_incremental_audit_reads_the_rows_that_belong_to_a_changed_row(
    town: Town,
    owner: "Connection[Record]",
    module_dsn: Dsns,
    change: str,
    transactions: set[str],
    requests: set[str],
) -> None:
    await _run(module_dsn)
    await owner.execute(f"begin; {AGE} {change.format_map(town.names)}")
    found = await added.find(Session(owner), await owner.fetchval("select now()"))
    assert found is not None
    assert {str(id) for id in found.transactions} == {town[name] for name in transactions}
    assert {str(id) for id in found.requests} == {town[name] for name in requests}


async def test_a_law_with_changed_queries_is_checked_on_all_rows(
    owner: "Connection[Record]", module_dsn: Dsns
) -> None:
    await _run(module_dsn)
    law = next(proof for proof in PROOFS if proof.since is not None)
    changed = [replace(proof, sql=f"{proof.sql} ") if proof is law else proof for proof in PROOFS]
    async with audit.snapshot(module_dsn.server) as session:
        used = await checkpoint.read(session, changed)
    assert isinstance(used, checkpoint.Checkpoint)
    assert used.laws == {proof.law for proof in PROOFS if proof.since is not None} - {law.law}
    assert used.query_of(changed[PROOFS.index(law)]) == (f"{law.sql} ", ())


async def test_a_whole_audit_runs_when_too_many_rows_were_added(
    owner: "Connection[Record]", module_dsn: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _run(module_dsn)
    monkeypatch.setattr(added, "MAX_ADDED", 3)
    assert await _run(module_dsn, incremental=True) == (
        0,
        RIGHT,
        "Too many rows were added since the checkpoint. A whole audit runs.\n",
    )


async def test_without_the_owners_login_nothing_is_recorded(owner: "Connection[Record]", module_dsn: Dsns) -> None:
    server = Dsns(module_dsn.server, module_dsn.server)
    assert await _run(server) == (0, RIGHT, "")
    code, out, err = await _run(server, incremental=True)
    assert (code, out) == (0, RIGHT)
    assert err == (
        "A checkpoint does not exist yet. A whole audit runs.\n"
        "The audit was not recorded. To record it, run it on the primary with DATABASE_OWNER_URL.\n"
    )
    assert await audit_runs.last(Session(owner)) is None


async def test_the_servers_login_cannot_write_the_record(owner: "Connection[Record]", module_dsn: Dsns) -> None:
    await _run(module_dsn)
    server = await asyncpg.connect(module_dsn.server)
    try:
        for table, column in (("audit_runs", "ok"), ("audit_laws", "run_id"), ("audit_accounts", "sequence")):
            assert await server.fetchval(f"select count(*) from {table}") > 0
            for statement in (
                f"insert into {table} select * from {table}",
                f"update {table} set {column} = {column}",
                f"delete from {table}",
                f"truncate {table} cascade",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await server.execute(statement)
    finally:
        await server.close()


async def test_only_one_audit_is_recorded_at_a_time(owner: "Connection[Record]", module_dsn: Dsns) -> None:
    assert await owner.fetchval("select pg_try_advisory_lock(7064738212002)")
    with pytest.raises(DatabaseUnavailable, match="Another audit is being recorded"):
        await _run(module_dsn)


async def test_the_primary_is_not_audited_as_a_standby(owner: "Connection[Record]", module_dsn: Dsns) -> None:
    with pytest.raises(DatabaseUnavailable, match="is not a standby"):
        await _run(module_dsn, standby=True)


def test_every_law_has_an_incremental_query_or_is_in_the_list_of_whole_laws() -> None:
    assert len({proof.law for proof in PROOFS}) == len(PROOFS)
    assert {proof.law for proof in PROOFS if proof.since is None} == WHOLE
