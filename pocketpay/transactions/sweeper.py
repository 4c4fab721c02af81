"""Deletes the hours of usage that no limit reads any more.

`wallet_usage` gets a row for each hour in which a wallet pays, so without a sweeper it would always grow. Limits read
the last day. There is no index on time, because it would make payments slower. So the sweeper goes from wallet to
wallet by the primary key, a bounded number at a time. It deletes a row when the hour is old by the server's clock and
by the database's clock.

Decision 68 gives the reasons.
"""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import structlog

from pocketpay.database.loops import log_errors
from pocketpay.database.sessions import Database
from pocketpay.database.sweeping import Sweeper, take_turn
from pocketpay.transactions.limits import USAGE_KEPT
from pocketpay.transactions.repository import usage

EVERY_SECONDS = 3600.0
WALLETS = 500
"""Wallets of one unit of work. It takes about 10 ms when no hour is old."""

ROWS = 2_000
"""Rows deleted in one unit of work."""

PAUSE_SECONDS = 0.1
"""Seconds of pause after each unit of work, so that payments get most of the time."""

log = structlog.get_logger(__name__)


async def sweep_forever(database: Database) -> None:
    """Sweeps all wallets each hour until it is cancelled. An error is logged, and the next sweep follows."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        with log_errors(log, work="usage", busy="usage_sweep_postponed", failed="usage_sweep_failed"):
            await sweep(database)


async def sweep(database: Database, *, wallets: int = WALLETS, rows: int = ROWS) -> int:
    """Deletes the old hours of all wallets and returns their number. Stops when another server sweeps."""
    deleted, after = 0, UUID(int=0)
    while True:
        before = datetime.now(UTC) - USAGE_KEPT
        async with database.write() as session:
            if not await take_turn(session, Sweeper.USAGE):
                return deleted
            swept = await usage.sweep(session, after, before=before, kept=USAGE_KEPT, wallets=wallets, rows=rows)
        deleted += swept.deleted
        if swept.deleted < rows:
            if swept.last is None:
                return deleted
            after = swept.last
        await asyncio.sleep(PAUSE_SECONDS)
