"""The guards that replace foreign keys are as strict as the keys were, for every login and every way to write.

Rows that refer to nothing are refused at INSERT, and the rows that they refer to can never be removed or renamed, so
nothing has to be locked (decision 46).
"""

import asyncio
from dataclasses import replace

import asyncpg
import pytest
import uuid_utils.compat as uuids

from tests.conftest import Dsns
from tests.ledger.attempts import APPEND_ONLY, Writer, honest, refused, undone
from tests.ledger.books import ENTER, MOVE, AccountRow, Scene, TransactionRow, intend, lines
from tests.ledger.references import (
    ACCOUNT,
    DESTINATION,
    FAILED,
    ON_CONFLICT,
    ORPHANS,
    SOURCE,
    TRANSACTION,
    WAYS,
    insert,
    open_wallet,
)


def ways_of(writer: Writer) -> list[str]:
    return [way for way in WAYS if way != ON_CONFLICT or writer.get_settings().is_superuser == "on"]


@pytest.mark.parametrize("orphan", ORPHANS)
async def test_a_row_that_refers_to_nothing_is_refused(scene: Scene, writer: Writer, orphan: str) -> None:
    for way in ways_of(writer):
        attempt = ORPHANS[orphan](scene)
        async with refused(writer, attempt.constraint):
            await attempt.before(writer)
            await insert(writer, attempt.table, attempt.rows, way)


async def test_rows_with_existing_references_are_accepted_by_every_kind_of_statement(
    scene: Scene, writer: Writer
) -> None:
    for way in ways_of(writer):
        movement = honest(scene)
        failed = TransactionRow(scene.bob.id, scene.alice.id, **FAILED)
        async with undone(writer):
            await insert(writer, "transactions", lines([movement.transaction, failed]), way)
            await writer.execute(MOVE, lines(movement.accounts))
            await insert(writer, "ledger_entries", lines(movement.entries), "insert" if "two" in way else way)


SIBLINGS = """
with account as (
    insert into ledger_accounts select * from jsonb_populate_recordset(null::ledger_accounts, $1)),
wallet as (insert into wallets values ($2, 'wallet', 'USD', 'active', null, null, now(), now())),
payment as (insert into transactions select * from jsonb_populate_recordset(null::transactions, $3)),
moved as (update ledger_accounts a set posted = u.posted, sequence = u.sequence, version = u.version
    from jsonb_populate_recordset(null::ledger_accounts, $4) u where a.id = u.id)
insert into ledger_entries select * from jsonb_populate_recordset(null::ledger_entries, $5)
"""
"""A wallet and a payment to it in one statement: the guards run at the end of the statement."""


async def test_a_row_may_refer_to_rows_of_the_same_statement(scene: Scene, writer: Writer) -> None:
    new = AccountRow(uuids.uuid7(), posted=100, sequence=1, version=1)
    movement = honest(scene).with_transaction(destination_wallet_id=new.id)
    movement = movement.with_entry(1, account_id=new.id, sequence=1, balance_after=100)
    async with undone(writer):
        await writer.execute(
            SIBLINGS,
            lines([new]),
            new.id,
            lines([movement.transaction]),
            lines(movement.accounts[:1]),
            lines(movement.entries),
        )


async def test_a_reference_to_a_row_that_was_rolled_back_is_refused(scene: Scene, writer: Writer) -> None:
    async with refused(writer, SOURCE):
        before = writer.transaction()
        await before.start()
        wallet = await open_wallet(writer)
        await before.rollback()
        await intend(writer, TransactionRow(wallet, scene.bob.id, **FAILED))


async def test_no_row_can_refer_to_an_uncommitted_row_of_another_session(
    scene: Scene, writer: Writer, module_dsn: Dsns
) -> None:
    """The refusal is immediate, as it was with foreign keys."""
    other = await asyncpg.connect(module_dsn.owner)
    uncommitted = other.transaction()
    await uncommitted.start()
    try:
        wallet = await open_wallet(other)
        transaction = TransactionRow(scene.alice.id, scene.bob.id, **FAILED)
        await intend(other, transaction)
        async with refused(writer, SOURCE):
            await intend(writer, TransactionRow(wallet, scene.bob.id, **FAILED))
        async with refused(writer, DESTINATION):
            await intend(writer, TransactionRow(scene.bob.id, wallet, **FAILED))
        movement = honest(scene)
        async with refused(writer, TRANSACTION):
            await writer.execute(MOVE, lines(movement.accounts))
            entries = [replace(entry, transaction_id=transaction.id) for entry in movement.entries]
            await writer.execute(ENTER, lines(entries))
    finally:
        await uncommitted.rollback()
        await other.close()


REMOVALS = {
    "delete": "delete from {table} where id = '{id}'",
    "delete of all": "delete from {table}",
    "delete by a join": "delete from {table} using (select '{id}'::uuid as id) u where {table}.id = u.id",
    "delete in a CTE": "with gone as (delete from {table} where id = '{id}' returning 1) select count(*) from gone",
    "merge": ("merge into {table} t using (select '{id}'::uuid as id) u on t.id = u.id when matched then delete"),
}
TRUNCATIONS = {
    "truncate": "truncate {table} cascade",
    "truncate only": "truncate only {table} cascade",
    "truncate with others": "truncate sessions, {table} cascade",
}
PARENTS = ("ledger_accounts", "wallets", "transactions")


@pytest.mark.parametrize("way", REMOVALS)
@pytest.mark.parametrize("table", PARENTS)
async def test_a_row_that_may_be_referred_to_cannot_be_removed(
    scene: Scene, mighty: Writer, table: str, way: str
) -> None:
    """Nothing refers to the row yet: another session could come to refer to it at the same time."""
    async with undone(mighty):
        wallet = await open_wallet(mighty)
        transaction = TransactionRow(wallet, scene.bob.id, **FAILED)
        if table == "transactions":
            await intend(mighty, transaction)
        id = transaction.id if table == "transactions" else wallet
        async with refused(mighty, f"{table}_never_removed"):
            await mighty.execute(REMOVALS[way].format(table=table, id=id))


@pytest.mark.parametrize("way", TRUNCATIONS)
@pytest.mark.parametrize("table", PARENTS)
async def test_tables_that_are_referred_to_cannot_be_truncated(
    scene: Scene, mighty: Writer, table: str, way: str
) -> None:
    async with refused(mighty, f"{table}_never_truncated"):
        await mighty.execute(TRUNCATIONS[way].format(table=table))


COLUMNS = {
    "ledger_accounts": {"id": "gen_random_uuid()", "currency": "'GBP'", "kind": "'card_network'"},
    "wallets": {"id": "gen_random_uuid()"},
    "transactions": {"id": "gen_random_uuid()", "currency": "'GBP'"},
}
CHANGES = {
    "update": "update {table} set {column} = {value} where id = '{id}'",
    "update from": "update {table} set {column} = {value} from (select 1) u where id = '{id}'",
    "update of several columns": "update {table} set (updated_at, {column}) = (now(), {value}) where id = '{id}'",
    "upsert": (
        "insert into {table} select * from {table} where id = '{id}' on conflict (id) do update "
        "set {column} = {value}"
    ),
    "merge": (
        "merge into {table} t using (select '{id}'::uuid as id) u on t.id = u.id "
        "when matched then update set {column} = {value}"
    ),
}


@pytest.mark.parametrize("way", CHANGES)
@pytest.mark.parametrize(("table", "column"), [(table, column) for table in COLUMNS for column in COLUMNS[table]])
async def test_a_column_that_may_be_referred_to_cannot_be_changed(
    scene: Scene, mighty: Writer, table: str, column: str, way: str
) -> None:
    """The account is one of the house: a wallet's account is also what the foreign key of its wallet refers to."""
    id = {"ledger_accounts": scene.bank.id, "wallets": scene.bob.id, "transactions": scene.deposit.transaction.id}[
        table
    ]
    value = COLUMNS[table][column]
    async with refused(mighty, f"{table}_immutable"):
        await mighty.execute(CHANGES[way].format(table=table, column=column, value=value, id=id))


async def test_an_update_that_keeps_the_columns_passes(scene: Scene, mighty: Writer) -> None:
    async with undone(mighty):
        await mighty.execute(
            "update ledger_accounts set (id, currency, kind, updated_at) = (id, currency, kind, now())"
        )


@pytest.mark.parametrize(
    ("table", "columns", "constraint"),
    [
        ("ledger_entries", ("account_id", "transaction_id"), APPEND_ONLY),
        ("transactions", ("source_wallet_id", "destination_wallet_id"), "transactions_immutable"),
    ],
)
async def test_a_reference_cannot_be_changed(
    scene: Scene, mighty: Writer, table: str, columns: tuple[str, ...], constraint: str
) -> None:
    id = await mighty.fetchval(f"select id from {table} limit 1")
    for column in columns:
        for way in CHANGES.values():
            statement = way.format(table=table, column=column, value="gen_random_uuid()", id=id)
            async with refused(mighty, constraint):
                await mighty.execute(statement.replace("updated_at", "created_at"))


async def test_a_wallet_cannot_be_removed_while_another_session_adds_a_reference_to_it(
    scene: Scene, mighty: Writer, module_dsn: Dsns
) -> None:
    """A foreign key made the removal wait. It is refused whether or not the other session commits."""
    server = await asyncpg.connect(module_dsn.server)
    uncommitted = server.transaction()
    await uncommitted.start()
    try:
        transaction = TransactionRow(scene.alice.id, scene.bob.id, **FAILED)
        await intend(server, transaction)
        async with asyncio.timeout(30):
            for table in ("wallets", "ledger_accounts"):
                async with refused(mighty, f"{table}_never_removed"):
                    await mighty.execute(f"delete from {table} where id = $1", scene.bob.id)
            async with refused(mighty, "wallets_immutable"):
                await mighty.execute("update wallets set id = gen_random_uuid() where id = $1", scene.bob.id)
    finally:
        await uncommitted.rollback()
        await server.close()


async def test_rows_of_an_inheriting_table_do_not_count(scene: Scene, owner: Writer) -> None:
    """As with a foreign key, only rows of the table itself can be referred to."""
    ghost = AccountRow(uuids.uuid7(), posted=100, sequence=1, version=1)
    transaction = TransactionRow(scene.alice.id, scene.bob.id)
    movement = honest(scene)
    async with undone(owner):
        for table in PARENTS:
            await owner.execute(f"create table more_{table} () inherits ({table})")
        more = "insert into more_{0} select * from jsonb_populate_recordset(null::{0}, $1)"
        await owner.execute(more.format("ledger_accounts"), lines([ghost]))
        await owner.execute(more.format("transactions"), lines([transaction]))
        await owner.execute(
            "insert into more_wallets values ($1, 'wallet', 'USD', 'active', null, null, now(), now())", ghost.id
        )
        assert await owner.fetchval("select count(*) from wallets where id = $1", ghost.id) == 1
        for source, destination, constraint in ((ghost, scene.bob, SOURCE), (scene.bob, ghost, DESTINATION)):
            async with refused(owner, constraint):
                await intend(owner, TransactionRow(source.id, destination.id, **FAILED))
        async with refused(owner, TRANSACTION):
            await owner.execute(MOVE, lines(movement.accounts))
            await owner.execute(
                ENTER, lines([replace(entry, transaction_id=transaction.id) for entry in movement.entries])
            )
        async with refused(owner, ACCOUNT):
            await intend(owner, movement.transaction)
            await owner.execute(MOVE, lines(movement.accounts[:1]))
            credit = replace(movement.entries[1], account_id=ghost.id, sequence=1, balance_after=100)
            await owner.execute(ENTER, lines([movement.entries[0], credit]))


async def test_temporary_tables_with_the_same_names_do_not_count(scene: Scene, writer: Writer) -> None:
    async with refused(writer, SOURCE):
        await writer.execute("create temporary table wallets on commit drop as table public.wallets")
        ghost = await writer.fetchval("insert into wallets (id) values ($1) returning id", uuids.uuid7())
        await intend(writer, TransactionRow(ghost, scene.bob.id, **FAILED))


NULLS: dict[str, tuple[dict[str, object], str]] = {
    "no transaction": ({"transaction_id": None}, TRANSACTION),
    "no currency": ({"currency": None}, TRANSACTION),
    "no currency, and a transaction that does not exist": (
        {"currency": None, "transaction_id": uuids.uuid7()},
        TRANSACTION,
    ),
    "no account": ({"account_id": None}, ACCOUNT),
    "no kind": ({"kind": None, "sequence": None, "balance_after": None}, ACCOUNT),
    "no kind, and an account that does not exist": (
        {"kind": None, "sequence": None, "balance_after": None, "account_id": uuids.uuid7()},
        ACCOUNT,
    ),
}
REQUIRED = ("account_id", "transaction_id", "currency", "kind")


@pytest.mark.parametrize("name", NULLS)
async def test_a_null_refers_to_nothing(scene: Scene, mighty: Writer, name: str) -> None:
    """Also when somebody has removed NOT NULL: a foreign key would not look at such a row."""
    twists, constraint = NULLS[name]
    movement = honest(scene)
    async with undone(mighty):
        for column in REQUIRED:
            await mighty.execute(f"alter table ledger_entries alter column {column} drop not null")
        for constraint_name in ("ck_ledger_entries_wallets_are_chained", "uq_ledger_entries_transaction_account"):
            await mighty.execute(f"alter table ledger_entries drop constraint {constraint_name}")
        entries = [replace(entry, **twists) for entry in movement.entries]  # type: ignore[arg-type]
        async with refused(mighty, constraint):
            await intend(mighty, movement.transaction)
            await mighty.execute(MOVE, lines(movement.accounts))
            await mighty.execute(ENTER, lines(entries))


COMPARISONS = {
    "t.currency is distinct from f.currency": "the transaction of another currency",
    "a.currency is distinct from f.currency": "the account of another currency",
    "a.kind is distinct from f.kind": "the house account of another kind",
    "s.id is distinct from f.source_wallet_id": "a withdrawal from a wallet that does not exist",
    "d.id is distinct from f.destination_wallet_id": "a deposit to a wallet that does not exist",
}
"""Each comparison of the guards, and the row that only this comparison finds."""


@pytest.mark.parametrize("comparison", COMPARISONS)
async def test_a_guard_accepts_the_row_when_its_comparison_is_removed(
    scene: Scene, owner: Writer, comparison: str
) -> None:
    """This shows that the rows above test each comparison of the guards."""
    attempt = ORPHANS[COMPARISONS[comparison]](scene)
    guard = await owner.fetchval("select pg_get_functiondef($1::regproc)", f"{attempt.table}_guard")
    assert comparison in guard
    async with undone(owner):
        await owner.execute(guard.replace(comparison, "false"))
        await attempt.before(owner)
        await insert(owner, attempt.table, attempt.rows, "insert")
