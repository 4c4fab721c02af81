"""A connection pooler in transaction mode is found at the start."""

import tempfile
from pathlib import Path

import pytest

from pocketpay.database import poolers
from pocketpay.database.errors import DatabaseUnavailable
from pocketpay.database.sessions import connect
from tests.conftest import Dsns
from tests.database.pooler import transaction_pooler
from tests.faults import faulty_line


async def test_a_pooler_in_transaction_mode_is_refused(database_dsn: Dsns) -> None:
    # A socket's path may have 107 bytes, and pytest's folders are longer.
    with tempfile.TemporaryDirectory() as folder:
        async with transaction_pooler(database_dsn.server, Path(folder)) as dsn:
            with pytest.raises(DatabaseUnavailable, match="transaction mode"):
                await poolers.check(dsn)


async def test_a_pooler_with_several_free_sessions_is_refused_too(database_dsn: Dsns) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with transaction_pooler(database_dsn.server, Path(folder)) as dsn:
            others = [await connect(dsn) for _ in range(3)]
            for other in others:
                await other.execute("begin")
            for other in others:
                await other.execute("commit")
            with pytest.raises(DatabaseUnavailable, match="transaction mode"):
                await poolers.check(dsn)
            for other in others:
                other.terminate()


async def test_a_connection_with_its_own_session_is_accepted(database_dsn: Dsns) -> None:
    await poolers.check(database_dsn.server)
    with tempfile.TemporaryDirectory() as folder:
        async with faulty_line(database_dsn.server, Path(folder)) as (_, dsn):
            await poolers.check(dsn)
