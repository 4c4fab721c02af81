"""A database that allows few connections: a server holds no more, works with them, or says at the start why not."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests.e2e.customer import BALANCE_CHANGED, HISTORY, at, sign_up
from tests.e2e.processes import NO_CONFIRMATION, Installation

SECRET = "a key for tests, thirty-two bytes or more"


@pytest.fixture
async def owner(
    durable: EmbeddedPostgres, installation: Installation
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """The owner's connection to a database that the server did not start."""
    installation.settings.update(NO_CONFIRMATION, SECRET_KEY=SECRET, ENVIRONMENT="development")
    installation.settings.update(DATABASE_URL=durable.server_dsn, DATABASE_OWNER_URL=durable.owner_dsn)
    connection = await asyncpg.connect(durable.owner_dsn)
    yield connection
    await connection.close()


async def test_a_server_with_few_connections_serves_and_says_what_to_raise(
    installation: Installation, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    # Six for the server's process, of which mail takes two. Superusers, like the owner here, are not limited.
    await owner.execute("alter database pocketpay connection limit 6")
    server = await asyncio.to_thread(installation.start)
    # From now on only the server itself limits what it holds.
    await owner.execute("alter database pocketpay connection limit -1")
    async with at(server.url) as http:
        ada, bea = await sign_up(http), await sign_up(http)
        async with bea.listening() as socket:
            balance = await socket.subscribe(BALANCE_CHANGED)
            await balance.next()
            await asyncio.gather(*(ada.transfer(bea.username, "1.00") for _ in range(5)))
            await balance.next()
            answers = await asyncio.gather(*(someone.post(HISTORY) for _ in range(20) for someone in (ada, bea)))
        assert [answer for answer in answers if "errors" in answer] == []
        held = await owner.fetchval("select count(*) from pg_stat_activity where application_name like 'pocketpay %'")
        assert held <= 6
    assert await asyncio.to_thread(server.stop) == 0
    log = server.log.read_text()
    assert "The database allows this login 6 connections" in log
    assert "start fewer workers" in log
    assert server.tracebacks() == []


async def test_too_few_connections_are_refused_at_the_start(
    installation: Installation, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await owner.execute("alter database pocketpay connection limit 7")
    refused = await asyncio.to_thread(installation.run, "serve", "--workers", "2", PORT="0")
    assert refused.returncode == 1
    assert (
        "The database allows this login 7 connections, and 2 processes of this server need at least" in refused.stderr
    )
    assert "Traceback" not in refused.stderr
