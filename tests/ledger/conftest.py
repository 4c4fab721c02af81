"""Fixtures: a ledger for tests that try forbidden changes. Modules share one database, since refused changes leave
nothing."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from asyncpg import Connection, Record

from tests.conftest import Dsns
from tests.ledger.books import Scene, open_books
from tests.warm_connections import connected


@pytest.fixture(scope="module")
def scene(module_dsn: Dsns) -> Scene:
    return asyncio.run(_opened(module_dsn.owner))


async def _opened(dsn: str) -> Scene:
    owner = await asyncpg.connect(dsn)
    try:
        return await open_books(owner)
    finally:
        await owner.close()


@pytest.fixture
async def owner(warm: None, module_dsn: Dsns) -> AsyncIterator["Connection[Record]"]:
    connection = await connected(module_dsn.owner)
    yield connection
    await connection.close()


@pytest.fixture
async def server(warm: None, module_dsn: Dsns) -> AsyncIterator["Connection[Record]"]:
    connection = await connected(module_dsn.server)
    yield connection
    await connection.close()


@pytest.fixture(params=["server", "owner", "owner as replica"])
async def writer(warm: None, module_dsn: Dsns, request: pytest.FixtureRequest) -> AsyncIterator["Connection[Record]"]:
    """A connection that writes: as the server, as the owner, and as the owner with ordinary triggers disabled."""
    connection = await connected(module_dsn.server if request.param == "server" else module_dsn.owner)
    if request.param == "owner as replica":
        await connection.execute("set session_replication_role = replica")
    yield connection
    await connection.close()


@pytest.fixture(params=["owner", "owner as replica"])
async def mighty(warm: None, module_dsn: Dsns, request: pytest.FixtureRequest) -> AsyncIterator["Connection[Record]"]:
    """A connection with every right: as the owner, with and without ordinary triggers."""
    connection = await connected(module_dsn.owner)
    if request.param == "owner as replica":
        await connection.execute("set session_replication_role = replica")
    yield connection
    await connection.close()


@pytest.fixture(params=["server", "owner"])
def ordinary(
    request: pytest.FixtureRequest, server: "Connection[Record]", owner: "Connection[Record]"
) -> "Connection[Record]":
    """A connection for which foreign keys are checked: as the server or as the owner."""
    return server if request.param == "server" else owner
