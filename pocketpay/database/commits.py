"""How a unit of work ends.

A COMMIT is never cancelled. Where a standby must confirm it, PostgreSQL answers a cancel by not waiting any longer.
It shows the payment to everybody, and a failover to that standby loses it. A commit that takes too long has its
connection closed instead. Then nobody has been told anything, and PostgreSQL goes on waiting for the standby.

Decision 24 gives the reasons.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

COMMIT_SECONDS = 6.0
"""How long the answer to a COMMIT is awaited."""


async def commit(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Commits. Raises what a lost connection raises when no answer comes in COMMIT_SECONDS: it may have happened."""
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
    """Begins, and commits when the block ends. When it raises, everything is rolled back."""
    await connection.execute("begin")
    try:
        yield
    except BaseException:
        if not connection.is_closed():
            await connection.execute("rollback")
        raise
    await commit(connection)
