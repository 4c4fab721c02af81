"""Writes the search blocks of long histories, in the background.

A payment does not write to search blocks, so search blocks do not make payments slower. Every few minutes each server
looks for wallets with many entries after their last block, and writes their next blocks. Until then a search reads
those transactions themselves. Several servers may do this at the same time.

Decision 48 gives the reasons.
"""

import asyncio

import structlog

from pocketpay.database.loops import log_errors
from pocketpay.database.sessions import Database
from pocketpay.transactions.repository import search_blocks as repository

EVERY_SECONDS = 120.0
"""The pause between two sweeps. In this time a wallet that is paid a hundred times a second gets 12,000 transactions,
which a search reads in about 40 ms."""

ENTRIES = 2_000
"""A wallet is due when it has this number of entries without a block. A page reads as many transactions at once, so
shorter histories need no blocks."""

WALLETS = 100
"""The most wallets of one sweep."""

BLOCKS = 64
"""The most blocks that one unit of work writes: 8,192 transactions, about 50 ms."""

PAUSE_SECONDS = 0.05
"""The pause after each unit of work, so that half of the time is left for others."""

log = structlog.get_logger(__name__)


async def seal_forever(database: Database) -> None:
    """Sweeps until it is cancelled. An error in one sweep is logged, and the next sweep follows."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        with log_errors(log, work="search_blocks", busy="sealing_postponed", failed="sealing_failed"):
            await seal_due(database)


async def seal_due(database: Database, *, entries: int = ENTRIES) -> int:
    """Writes all blocks of at most WALLETS wallets that are due. Returns the number of blocks."""
    written = 0
    for wallet_id in await database.query(repository.due, entries=entries, limit=WALLETS):
        while True:
            async with database.write() as session:
                many = await repository.seal(session, wallet_id, blocks=BLOCKS)
            written += many
            if many < BLOCKS:
                break
            await asyncio.sleep(PAUSE_SECONDS)
    return written
