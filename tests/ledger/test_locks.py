"""The order in which accounts are locked."""

import asyncio
import random
from uuid import uuid4

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
                await locking.execute("begin")
                if not by_index:  # then the table is read in the order in which the rows were written
                    await locking.execute("set local enable_indexscan = off; set local enable_bitmapscan = off")
                waiting = asyncio.create_task(postings.lock(Session(locking), shuffled))
                await _waits(owner, locking.get_server_pid())
                free = await owner.fetch(
                    "select id from ledger_accounts where id = any($1) order by id for update skip locked", ids
                )
            assert [row["id"] for row in free] == ids[place + 1 :]
            assert [account.id for account in await waiting] == ids
        finally:
            await locking.close()


async def _waits(owner: "Connection[Record]", pid: int) -> None:
    waits = "select wait_event_type = 'Lock' from pg_stat_activity where pid = $1"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await owner.fetchval(waits, pid):  # noqa: ASYNC110  # PostgreSQL sends no event when a query waits
            await asyncio.sleep(0.01)
