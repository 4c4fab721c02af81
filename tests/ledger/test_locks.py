"""The order in which accounts are locked."""

import asyncio
import random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from asyncpg import Connection, Record

from pocketpay.database.sessions import Session
from pocketpay.ledger.repository import postings
from tests.conftest import Dsns
from tests.ledger.books import AccountRow, Scene, lines
from tests.patience import PATIENCE_SECONDS


@pytest.mark.parametrize("by_index", [True, False])
async def test_accounts_are_locked_in_the_order_of_their_ids(
    scene: Scene, module_dsn: Dsns, owner: "Connection[Record]", server: "Connection[Record]", by_index: bool
) -> None:
    ids = sorted(uuid4() for _ in range(12))
    shuffled = random.sample(ids, len(ids))
    await owner.execute(
        "insert into ledger_accounts select * from jsonb_populate_recordset(null::ledger_accounts, $1)",
        lines([AccountRow(id) for id in shuffled]),
    )
    for place in (3, 8):
        locking = await asyncpg.connect(module_dsn.server)
        try:
            async with server.transaction():
                await server.execute("select 1 from ledger_accounts where id = $1 for update", ids[place])
                await locking.execute(postings.PREPARE_LOCK)
                if not by_index:  # then the table is read in the order in which the rows were written
                    await locking.execute("set enable_indexscan = off; set enable_bitmapscan = off")
                waiting = asyncio.create_task(postings.begin_and_lock(Session(locking), shuffled))
                await _waits(owner, locking.get_server_pid())
                free = await owner.fetch(
                    "select id from ledger_accounts where id = any($1) order by id for update skip locked", ids
                )
            assert [row["id"] for row in free] == ids[place + 1 :]
            await waiting
            assert await _free(owner, ids) == set()
        finally:
            await locking.close()


async def _free(owner: "Connection[Record]", ids: list[UUID]) -> set[UUID]:
    """Returns the accounts that nobody has locked."""
    free = await owner.fetch("select id from ledger_accounts where id = any($1) for update skip locked", ids)
    return {row["id"] for row in free}


async def _waits(owner: "Connection[Record]", pid: int) -> None:
    waits = "select wait_event_type = 'Lock' from pg_stat_activity where pid = $1"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await owner.fetchval(waits, pid):  # noqa: ASYNC110  # PostgreSQL sends no event when a query waits
            await asyncio.sleep(0.01)


async def test_only_accounts_of_wallets_are_locked(
    scene: Scene, module_dsn: Dsns, owner: "Connection[Record]"
) -> None:
    house = [row["id"] for row in await owner.fetch("select id from ledger_accounts where kind <> 'wallet'")]
    locking = await asyncpg.connect(module_dsn.server)
    try:
        await locking.execute(postings.PREPARE_LOCK)
        await postings.begin_and_lock(Session(locking), house)
        assert await _free(owner, house) == {*house} != set()
    finally:
        await locking.close()


@pytest.mark.parametrize("wrong", ["0190c7a0-0000-7000-8000-000000000001", "}'); select 1 --", b"0", 1.5, None])
async def test_the_text_of_the_locks_is_made_of_ids_only(server: "Connection[Record]", wrong: Any) -> None:
    with pytest.raises((AttributeError, TypeError)):
        await postings.begin_and_lock(Session(server), [uuid4(), wrong])
    assert not server.is_in_transaction()


def test_an_id_is_written_as_its_hexadecimal_digits() -> None:
    ids = [UUID(int=1), asyncpg.pgproto.pgproto.UUID("0190c7a0-0000-7000-8000-00000000000f"), UUID(int=2**128 - 1)]
    text = postings._array(ids)
    assert [UUID(part) for part in text.strip("{}").split(",")] == ids
    assert set(text) <= set("{},0123456789abcdef")
