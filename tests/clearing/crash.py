"""Kills the clearing's worker, or PostgreSQL with all its processes, under load, and checks what remains.

    python -m tests.clearing.crash --rounds 20

After each round the audit must find nothing. Every acknowledged order must be stored as it was acknowledged. No key
may be stored twice. No order may be stored that nobody sent, or that was answered as not done.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pocketpay.database import migrations
from pocketpay.database.embedded.server import EmbeddedPostgres
from tests import data_directories
from tests.leftovers import run_folder
from tests.patience import PATIENCE_SECONDS
from tests.payments.customers import Person, open_desk, people, records_of, without_risk_rules

REPOSITORY = Path(__file__).parents[2]


@dataclass
class Diary:
    """The file in which the workers record their orders and answers."""

    path: Path

    def lines(self, word: str) -> list[list[str]]:
        whole = self.path.read_text().rpartition("\n")[0] if self.path.exists() else ""
        return [parts[1:] for parts in map(str.split, whole.splitlines()) if parts[0] == word]


@dataclass
class Scene:
    """A durable PostgreSQL, customers with money, and the diary of the workers."""

    postgres: EmbeddedPostgres
    customers: list[Person]
    diary: Diary
    lost_seconds: list[float] = field(default_factory=list)

    @asynccontextmanager
    async def load(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Runs a worker during the block, and kills it at the end if it is still running."""
        named = [f"{one.username}:{one.wallet_id}" for one in self.customers]
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.clearing.worker", self.postgres.server_dsn, str(self.diary.path), *named),
            cwd=REPOSITORY,
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            await self.wait_for_acknowledgements(PATIENCE_SECONDS, 100)
            yield worker
        finally:
            if worker.returncode is None:
                worker.kill()
            await worker.wait()

    async def wait_for_acknowledgements(self, seconds: float, acknowledgements: int) -> float:
        """Waits until that many more orders are acknowledged. Returns the seconds it took."""
        began, there = time.monotonic(), len(self.diary.lines("ACK"))
        async with asyncio.timeout(seconds):
            while len(self.diary.lines("ACK")) < there + acknowledgements:  # noqa: ASYNC110 - another process writes the file
                await asyncio.sleep(0.02)
        return time.monotonic() - began

    async def kill_worker(self) -> None:
        async with self.load() as worker:
            await asyncio.sleep(0.3)
            worker.kill()

    async def kill_postgres(self) -> None:
        """Kills all processes at once. The embedded server's watch restarts it, and the worker continues by
        itself."""
        watch = asyncio.create_task(self.postgres.watch())
        try:
            async with self.load():
                await asyncio.sleep(0.3)
                assert self.postgres._cluster is not None
                for process in self.postgres._cluster._processes():
                    os.kill(process, signal.SIGKILL)
                self.lost_seconds.append(await self.wait_for_acknowledgements(PATIENCE_SECONDS, 50))
                await asyncio.sleep(0.2)
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    async def prove(self) -> str:
        """Raises AssertionError when the database does not agree with the diary."""
        tried = {key for (key,) in self.diary.lines("TRY")}
        gone = {key for (key,) in self.diary.lines("GONE")}
        async with records_of(self.postgres.server_dsn, self.postgres.owner_dsn) as records:
            assert await records.findings() == []
            rows = await records.connection.fetch(
                "select k.key, t.id::text, t.status from transactions t "
                "left join idempotency_keys k on k.result_ids = array[t.id] where t.created_at > $1",
                await records.connection.fetchval("select max(created_at) from users"),
            )
        kept = {key: (id, status) for key, id, status in rows}
        statuses = {id: status for _, id, status in rows}
        assert len(kept) == len(rows), "a payment without its key, or a key twice"
        for key, id, status in self.diary.lines("ACK"):
            assert kept[key][0] == id, key
            assert kept[key][1] == status or status in ("created", "pending_confirmation"), key
        for id, status in self.diary.lines("END"):
            assert statuses[id] == status, id
        assert not kept.keys() - tried, "a payment that no client ordered"
        assert not kept.keys() & gone, "an order executed although it was answered as not done"
        return f"{len(self.diary.lines('ACK'))} acknowledged, {len(kept)} kept, {len(gone)} given up"


@asynccontextmanager
async def scene(home: Path, data: Path | None = None) -> AsyncIterator[Scene]:
    """Opens a scene in the folder `home`, with a copy of the data directory `data` if that is given."""
    if data is not None:
        data_directories.copy(data, home / "crash")
    postgres = EmbeddedPostgres(home / "crash", durable=True, system_home=home / "home")
    await asyncio.to_thread(postgres.start)
    try:
        await migrations.upgrade(postgres.owner_dsn, postgres.server_dsn)
        async with open_desk(postgres.server_dsn, without_risk_rules()) as desk:
            customers = await people(desk, 8, funds="10000.00")
        async with records_of(postgres.server_dsn, postgres.owner_dsn) as records:
            await records.connection.execute("update users set created_at = clock_timestamp()")
        yield Scene(postgres, customers, Diary(home / "diary"))
    finally:
        await asyncio.to_thread(postgres.stop)


async def main(rounds: int) -> None:
    with run_folder(None) as folder:
        async with scene(folder) as playing:
            for number in range(rounds):
                await (playing.kill_worker() if number % 2 else playing.kill_postgres())
                sys.stdout.write(f"round {number + 1}: {await playing.prove()}\n")
            sys.stdout.write(f"longest outage {max(playing.lost_seconds):.1f} s\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=10)
    asyncio.run(main(parser.parse_args().rounds))
