"""Measures searches in the histories of a large book: `python -m benchmarks.search DIRECTORY`.

DIRECTORY has the book that `python -m benchmarks.large_book DIRECTORY` wrote. First it writes the missing search
blocks, as a server does in the background, and prints how long that took. Then it reads the newest page of a search
for several texts, in the histories of a person, of the club and of the shop, with the blocks and without them. The
figures are medians over `--rounds`, in milliseconds: elapsed, and in brackets the processor time of PostgreSQL. On a
busy machine only the second says much. "stops" marks a page that was not finished in its time.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch
from uuid import UUID

from benchmarks.large_book import CLUB, RARE, SHOP
from pocketpay.database import migrations
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.sessions import Database, Session
from pocketpay.transactions import history, sealing
from pocketpay.transactions.filter import Filter
from pocketpay.transactions.reading_time import ReadingTime
from pocketpay.transactions.repository import search_blocks

PAGE = 20
TEXTS = ("caf", "777", "qqq", RARE[:3], "q", "9")
"""In one of sixteen descriptions; in one of several hundred; in none; in two of the book; in none; in a third."""

PERSON = "person_7"


@asynccontextmanager
async def opened(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    database = await Database.open(postgres.server_dsn)
    try:
        yield database
    finally:
        await database.close()


async def write_blocks(database: Database) -> None:
    started = time.perf_counter()
    written = 0
    while many := await sealing.seal_due(database):
        written += many
    seconds = time.perf_counter() - started
    bytes_in_all = await database.query(Session.fetchval, "select pg_total_relation_size('search_blocks')")
    print(f"{written:,} blocks written in {seconds:.0f} s; all blocks take {bytes_in_all / 1e6:.0f} MB")


class Measured(NamedTuple):
    """Median milliseconds of a first page, and what it contains."""

    elapsed: float
    processor: float
    found: int
    stopped: bool

    def __str__(self) -> str:
        return f"{self.elapsed:.1f} ({self.processor:.1f})" + (", stops" if self.stopped else "")


async def first_page(session: Session, wallet_id: UUID, text: str, rounds: int) -> Measured:
    pid = await session.fetchval("select pg_backend_pid()")
    elapsed, processor = [], []
    for _ in range(rounds):
        started, spent = time.perf_counter(), _processor(pid)
        page = await history.read(session, wallet_id, Filter(search=text), limit=PAGE, time=ReadingTime())
        elapsed.append((time.perf_counter() - started) * 1e3)
        processor.append((_processor(pid) - spent) / 1e6)
    times = statistics.median(elapsed), statistics.median(processor)
    return Measured(*times, len(page.transactions), page.stopped_at is not None)


def _processor(pid: int) -> int:
    """The processor time of a process, in nanoseconds."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


async def _no_blocks(session: Session, wallet_id: UUID) -> None:
    return None


async def measure(postgres: EmbeddedPostgres, rounds: int) -> None:
    async with opened(postgres) as database:
        await write_blocks(database)
        print("| history | text | found | with blocks | without blocks |\n|---|---|--:|--:|--:|")
        async with database.read() as session:
            for name in (PERSON, CLUB, SHOP):
                wallet_id = await session.fetchval("select wallet_id from users where username = $1", name)
                entries = await session.fetchval("select sequence from ledger_accounts where id = $1", wallet_id)
                for text in TEXTS:
                    with_blocks = await first_page(session, wallet_id, text, rounds)
                    with patch.object(search_blocks, "sealed_until", _no_blocks):
                        without = await first_page(session, wallet_id, text, rounds)
                    cells = f"{text} | {max(with_blocks.found, without.found)} | {with_blocks} | {without}"
                    print(f"| {name}: {entries:,} entries | {cells} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description="Measures searches.")
    parser.add_argument("directory", type=Path, help="a directory with a book of benchmarks.large_book")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    if not (arguments.directory / "cluster").exists():
        parser.error(f"{arguments.directory} has no book: see python -m benchmarks.large_book --help")
    with EmbeddedPostgres(arguments.directory) as postgres:
        asyncio.run(migrations.upgrade(postgres.owner_dsn, postgres.server_dsn))
        asyncio.run(measure(postgres, max(1, arguments.rounds)))


if __name__ == "__main__":
    main()
