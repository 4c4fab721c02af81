"""A full disk. Nothing acknowledged is lost, and payments work again when there is space.

The disk of the log is full for one PostgreSQL only: its processes get a limit for the size of a file (RLIMIT_FSIZE),
which any user may lower. A write beyond it fails like a write to a full disk, with another error number.

The disk of a table is a small disk in memory that is mounted for the test and filled. Only root can mount it.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.failures import ServiceBusy
from pocketpay.payments.desk import Desk
from tests.databases import Dsns, fresh_copy
from tests.payments.customers import Person, money, new_key, open_desk, people, records_of, send, without_risk_rules

BACK_SECONDS = 60.0
NO_SPACE = 0
"""The largest file in bytes: every write fails."""


LIMIT = """
import os, resource, sys
user, group = map(int, sys.argv[2:4])
if os.geteuid() != user:
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
for pid in map(int, sys.argv[4:]):
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (int(sys.argv[1]), hard))
"""


def limit(postgres: EmbeddedPostgres, size: int) -> None:
    """Limits the files that PostgreSQL's processes write, except its log of messages, as the user that runs them."""
    assert postgres._cluster is not None
    pids = [
        str(pid)
        for pid in postgres._cluster._processes()
        if b"logger" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    assert len(pids) > 1
    owner = postgres._cluster.path.stat()
    facts = [str(fact) for fact in (size, owner.st_uid, owner.st_gid)]
    subprocess.run([sys.executable, "-I", "-S", "-c", LIMIT, *facts, *pids], check=True)


def log_of(postgres: EmbeddedPostgres) -> str:
    assert postgres._cluster is not None
    return "".join(file.read_text() for file in (postgres._cluster.path / "log").glob("*.log"))


@asynccontextmanager
async def watched(postgres: EmbeddedPostgres) -> AsyncIterator[None]:
    """Restarts PostgreSQL when it ends, as a server does."""
    watching = asyncio.create_task(postgres.watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def until_paid(desk: Desk, sender: Person, to: Person, key: str) -> bool:
    """Sends a payment until it is answered. Returns whether the answer was a replay."""
    async with asyncio.timeout(BACK_SECONDS):
        while True:
            try:
                return (await send(desk, sender, to, "1.00", key=key)).replayed
            except ServiceBusy:
                await asyncio.sleep(0.05)


async def test_nothing_is_lost_when_the_disk_of_the_log_is_full(durable: EmbeddedPostgres) -> None:
    async with open_desk(durable.server_dsn, without_risk_rules()) as desk:
        ada, bob = await people(desk, 2, funds="100.00")
        paid = new_key()
        assert not await until_paid(desk, ada, bob, paid)
        await asyncio.to_thread(limit, durable, NO_SPACE)
        unknown = new_key()
        with pytest.raises(ServiceBusy):
            await send(desk, ada, bob, "1.00", key=unknown)
        assert "PANIC" in log_of(durable), log_of(durable)
        async with watched(durable):  # it starts PostgreSQL without the limit: there is space again
            await until_paid(desk, ada, bob, unknown)
            assert await until_paid(desk, ada, bob, paid), "an acknowledged payment is lost"
            assert await money(desk, ada) == (9_800, 0)
            async with records_of(durable.server_dsn, durable.owner_dsn) as records:
                assert await records.count("select count(*) from transactions where type = 'send'") == 2
                assert await records.findings() == []


@contextmanager
def small_disk(postgres: EmbeddedPostgres, folder: Path) -> Iterator[Path]:
    """Mounts a disk of four megabytes that PostgreSQL can write to."""
    assert postgres._cluster is not None
    disk, owner = tempfile.mkdtemp(dir=folder), postgres._cluster.path.stat()
    options = f"size=4m,mode=700,uid={owner.st_uid},gid={owner.st_gid}"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("only root can mount a disk")
    try:
        yield Path(disk)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk: Path) -> Path:
    """Writes a file until the disk has no space. Returns the file."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    free = os.statvfs(disk)
    assert free.f_bavail * free.f_frsize < 8192, "less than a page of PostgreSQL is free"
    return filler


@pytest.fixture
def disk(postgres: EmbeddedPostgres, cluster_home: Path) -> Iterator[Path]:
    with small_disk(postgres, cluster_home) as path:
        yield path


@pytest.fixture
def dsns(postgres: EmbeddedPostgres, disk: Path) -> Iterator[Dsns]:
    """A database whose entries are on the small disk."""
    with fresh_copy(postgres) as fresh:
        asyncio.run(
            execute(
                fresh.owner,
                f"create tablespace small location '{disk}'",
                "alter table ledger_entries set tablespace small",
            )
        )
        try:
            yield fresh
        finally:
            asyncio.run(
                execute(
                    fresh.owner,
                    "alter table ledger_entries set tablespace pg_default",
                    "drop tablespace small",
                )
            )


async def execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_payments_are_refused_and_not_lost_while_the_disk_of_a_table_is_full(dsns: Dsns, disk: Path) -> None:
    async with open_desk(dsns.server, without_risk_rules()) as desk:
        ada, bob = await people(desk, 2, funds="1000.00")
        filler, paid = fill(disk), 0
        while paid < 500:  # the last page of the table has room for some entries
            key = new_key()
            try:
                await send(desk, ada, bob, "1.00", key=key)
            except ServiceBusy:
                break
            paid += 1
        assert 0 < paid < 500
        assert await money(desk, ada) == (100_000 - 100 * paid, 0), "only what was acknowledged has moved"
        filler.unlink()
        assert not await until_paid(desk, ada, bob, key), "the refused payment had not moved any money"
        assert await until_paid(desk, ada, bob, key)
        assert await money(desk, ada) == (100_000 - 100 * (paid + 1), 0)
        async with records_of(dsns.server, dsns.owner) as records:
            assert await records.findings() == []
