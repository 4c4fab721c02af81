"""The end of a unit of work.

A COMMIT is never cancelled. When a standby must confirm a COMMIT, a cancel makes PostgreSQL stop waiting for the
standby. The payment is then visible to everybody, but a failover to the standby would lose it. So when a COMMIT takes
too long, its connection is closed instead: no caller gets a result, and PostgreSQL goes on waiting for the standby.

Decision 24 gives the reasons.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

COMMIT_SECONDS = 6.0
"""The longest wait for the answer to a COMMIT."""


async def commit(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Commits. When there is no answer within COMMIT_SECONDS, it raises the error of a lost connection; the commit
    may have happened."""
    committing = asyncio.ensure_future(connection.execute("commit", timeout=2 * COMMIT_SECONDS))
    over = asyncio.get_running_loop().call_later(COMMIT_SECONDS, connection.terminate)
    try:
        await asyncio.shield(committing)
    except asyncio.CancelledError:
        connection.terminate()
        await asyncio.gather(committing, return_exceptions=True)
        raise
    finally:
        over.cancel()


@asynccontextmanager
async def unit_of_work(connection: "asyncpg.Connection[asyncpg.Record]") -> AsyncIterator[None]:
    """Begins a transaction, and commits it when the block ends. When the block raises, it rolls back."""
    await connection.execute("begin")
    try:
        yield
    except BaseException:
        if not connection.is_closed():
            await connection.execute("rollback")
        raise
    await commit(connection)
