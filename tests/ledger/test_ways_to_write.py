"""The ledger's trigger checks every way to write entries: with, before or after the accounts; by MERGE, COPY, ON
CONFLICT."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest
import uuid_utils.compat as uuids

from tests.conftest import Dsns
from tests.ledger.attempts import CHAIN, SUM, Writer, honest, refused, undone
from tests.ledger.books import (
    ENTER,
    EVERYTHING,
    MOVE,
    POST,
    AccountRow,
    Scene,
    carry_out,
    deposit,
    intend,
    lines,
    open_books,
    payment,
)


async def test_accounts_and_entries_of_one_statement_pass(scene: Scene, writer: Writer) -> None:
    async with undone(writer):
        await carry_out(writer, honest(scene))


async def test_a_statement_may_write_accounts_before_their_entries(scene: Scene, writer: Writer) -> None:
    movement = honest(scene)
    async with undone(writer):
        await intend(writer, movement.transaction)
        await writer.execute(MOVE, lines(movement.accounts))
        await writer.execute(ENTER, lines(movement.entries))


async def test_a_chain_of_many_entries_in_one_statement_passes(scene: Scene, writer: Writer) -> None:
    first = payment(scene.alice, scene.bob)
    second = payment(first.accounts[1], first.accounts[0], 30)
    third = payment(second.accounts[1], second.accounts[0], 70)
    intents = [movement.transaction for movement in (first, second, third)]
    entries = [*third.entries, *first.entries, *second.entries]
    async with undone(writer):
        await intend(writer, *intents)
        await writer.execute(POST, lines(third.accounts), lines(entries))


async def test_accounts_written_after_their_entries_are_refused(scene: Scene, writer: Writer) -> None:
    movement = honest(scene)
    async with refused(writer, CHAIN):
        await intend(writer, movement.transaction)
        await writer.execute(ENTER, lines(movement.entries))
        await writer.execute(MOVE, lines(movement.accounts))


async def test_entries_without_a_change_of_the_account_are_refused(scene: Scene, writer: Writer) -> None:
    movement = honest(scene)
    async with refused(writer, CHAIN):
        await intend(writer, movement.transaction)
        await writer.execute(ENTER, lines(movement.entries))


TWO_BATCHES = """
with moved as (
    update ledger_accounts a
    set posted = u.posted, held = u.held, sequence = u.sequence, version = u.version
    from jsonb_populate_recordset(null::ledger_accounts, $1) u where a.id = u.id),
first as (insert into ledger_entries select * from jsonb_populate_recordset(null::ledger_entries, $2))
insert into ledger_entries select * from jsonb_populate_recordset(null::ledger_entries, $3)
"""


async def test_two_batches_of_entries_in_one_statement_pass_together(scene: Scene, writer: Writer) -> None:
    first = payment(scene.alice, scene.bob)
    second = payment(first.accounts[1], first.accounts[0], 30)
    async with undone(writer):
        await intend(writer, first.transaction, second.transaction)
        await writer.execute(TWO_BATCHES, lines(second.accounts), lines(first.entries), lines(second.entries))


async def test_a_wrong_batch_together_with_a_right_one_is_refused(scene: Scene, writer: Writer) -> None:
    first = payment(scene.alice, scene.bob)
    second = payment(first.accounts[1], first.accounts[0], 30).with_entry(0, amount=-29)
    for batches in ((first.entries, second.entries), (second.entries, first.entries)):
        async with refused(writer, SUM):
            await intend(writer, first.transaction, second.transaction)
            await writer.execute(TWO_BATCHES, lines(second.accounts), *map(lines, batches))


async def test_a_wrong_entry_in_the_middle_of_a_chain_is_refused(scene: Scene, writer: Writer) -> None:
    first = payment(scene.alice, scene.bob).with_entry(0, balance_after=901).with_entry(1, balance_after=599)
    second = payment(replace(first.accounts[0]), first.accounts[1], 30)
    async with refused(writer, CHAIN):
        await intend(writer, first.transaction, second.transaction)
        await writer.execute(POST, lines(second.accounts), lines([*first.entries, *second.entries]))


async def test_an_on_conflict_that_skips_one_entry_is_refused(scene: Scene, writer: Writer) -> None:
    movement = honest(scene).with_entry(1, id=await writer.fetchval("select id from ledger_entries limit 1"))
    async with refused(writer, SUM):
        await intend(writer, movement.transaction)
        await writer.execute(POST + " on conflict do nothing", lines(movement.accounts), lines(movement.entries))


async def test_a_merge_that_writes_only_one_entry_is_refused(scene: Scene, writer: Writer) -> None:
    movement = honest(scene)
    async with refused(writer, SUM):
        await intend(writer, movement.transaction)
        await writer.execute(MOVE, lines(movement.accounts))
        await writer.execute(
            "merge into ledger_entries e using jsonb_populate_recordset(null::ledger_entries, $1) u on e.id = u.id "
            "when not matched then insert values (u.id, u.account_id, u.transaction_id, u.amount, u.currency, "
            "u.kind, u.sequence, u.balance_after, u.description, u.created_at)",
            lines(movement.entries[:1]),
        )


async def test_a_copy_that_writes_only_one_entry_is_refused(scene: Scene, writer: Writer) -> None:
    movement = honest(scene)
    async with refused(writer, SUM):
        await intend(writer, movement.transaction)
        await writer.execute(MOVE, lines(movement.accounts))
        columns = vars(movement.entries[0])
        await writer.copy_records_to_table("ledger_entries", records=[tuple(columns.values())], columns=[*columns])


async def test_temporary_tables_with_the_same_names_do_not_bypass_the_trigger(scene: Scene, writer: Writer) -> None:
    movement = honest(scene)
    lie = movement.with_entry(1, balance_after=601).with_account(1, posted=601)
    async with refused(writer, CHAIN):
        await intend(writer, movement.transaction)
        await writer.execute(MOVE, lines(movement.accounts))
        for table in ("ledger_accounts", "ledger_entries"):
            await writer.execute(f"create temporary table {table} on commit drop as table public.{table}")
        await writer.execute(MOVE, lines(lie.accounts))
        await writer.execute("update ledger_entries set balance_after = 501 where account_id = $1", scene.bob.id)
        await writer.execute(ENTER.replace("into ledger", "into public.ledger"), lines(lie.entries))


async def test_a_balance_without_entries_cannot_be_spent(scene: Scene, writer: Writer) -> None:
    async with refused(writer, CHAIN):
        await writer.execute("update ledger_accounts set posted = 5000 where id = $1", scene.alice.id)
        await carry_out(writer, payment(replace(scene.alice, posted=5_000), scene.bob, 3_000))


async def test_an_account_created_with_a_balance_cannot_spend_it(scene: Scene, writer: Writer) -> None:
    rich = AccountRow(uuids.uuid7(), posted=5_000, sequence=1, version=1)
    async with refused(writer, CHAIN):
        await writer.execute(
            "insert into ledger_accounts select * from jsonb_populate_recordset(null::ledger_accounts, $1)",
            lines([rich]),
        )
        await writer.execute(
            "insert into wallets values ($1, 'wallet', 'USD', 'active', null, null, now(), now())", rich.id
        )
        await carry_out(writer, payment(rich, scene.bob, 3_000))


async def test_a_balance_beyond_64_bits_is_refused(scene: Scene, writer: Writer) -> None:
    most = 2**63 - 1
    movement = deposit(scene.bank, scene.bob, 100).with_entry(0, amount=most).with_entry(1, amount=-most)
    before = await writer.fetchval(EVERYTHING)
    with pytest.raises(asyncpg.NumericValueOutOfRangeError):
        await carry_out(writer, movement)
    assert await writer.fetchval(EVERYTHING) == before


async def test_two_writers_that_both_read_before_the_lock_cannot_both_post(database_dsn: Dsns) -> None:
    one, other = [await asyncpg.connect(database_dsn.owner) for _ in range(2)]
    scene = await open_books(one)
    first, second = honest(scene), honest(scene)
    await one.execute("begin")
    await intend(one, first.transaction)
    await one.execute(POST, lines(first.accounts), lines(first.entries))
    await other.execute("begin")
    await intend(other, second.transaction)
    waiting = asyncio.create_task(other.execute(POST, lines(second.accounts), lines(second.entries)))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await one.execute("commit")
    with pytest.raises(asyncpg.UniqueViolationError) as violation:
        await waiting
    assert violation.value.constraint_name == "uq_ledger_entries_account_sequence"
    for connection in (one, other):
        await connection.close()
