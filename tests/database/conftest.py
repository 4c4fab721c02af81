"""Fixtures: a database without tables, for tests of migrations."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.roles import LOGIN, OWNER
from tests.conftest import Dsns


@pytest.fixture
def empty(postgres: EmbeddedPostgres) -> Iterator[Dsns]:
    """A database without tables."""
    on_server(postgres, "create database empty owner " + OWNER)
    yield Dsns(server=postgres.dsn(LOGIN, "empty"), owner=postgres.dsn(OWNER, "empty"))
    on_server(postgres, "drop database empty with (force)")


def on_server(postgres: EmbeddedPostgres, statement: str) -> None:
    """Executes the statement as the owner, outside the databases of tests."""
    asyncio.run(_execute(postgres.dsn(OWNER, "postgres"), statement))


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
