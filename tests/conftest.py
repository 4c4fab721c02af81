"""PostgreSQL for the tests: one cluster a run, and for each test that asks a fresh copy of a migrated database.

The cluster forgets (no fsync): what is proved here is never durability. Tests of durability start their own.
"""

import asyncio
import itertools
import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import hypothesis
import pytest
from argon2 import PasswordHasher

from pocketpay.database import migrations
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.roles import LOGIN, OWNER
from pocketpay.database.sessions import Database
from pocketpay.identity import passwords
from pocketpay.serving import execution, log
from pocketpay.serving.new_documents import Share
from tests import commands
from tests.leftovers import run_folder

TEMPLATE = "migrated"
PRODUCT = passwords._ARGON2
MEMORY_BYTES = 4_000_000_000

LONG = ("tests/e2e/", "tests/cli/", "tests/walks/", "tests/test_killed_run.py", "tests/clearing/test_kill.py")
"""Files with few tests that take many seconds each."""

_numbers = itertools.count(1)

# How long an example takes says how busy the machine is, and nothing of what is proved.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first: at the end no process waits for another one's."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@dataclass(frozen=True)
class Dsns:
    """One database's addresses: the server's login and the owner's."""

    server: str
    owner: str


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """A password costs a test microseconds to hash, not 24 ms. Servers in processes of their own hash as always."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "_ARGON2", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session", autouse=True)
def time_for_new_documents() -> Iterator[None]:
    """New documents never wait for their turn: a pass of the garbage collector over a test process counts as if
    preparing a document took that long."""
    with pytest.MonkeyPatch.context() as patched:
        for whose in ("MEMBERS", "STRANGERS"):
            patched.setattr(execution, whose, Share(share=1, burst_seconds=60))
        yield


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's own hashes, for tests about their parameters."""
    monkeypatch.setattr(passwords, "_ARGON2", PRODUCT)


@pytest.fixture(autouse=True)
def log_of_its_own() -> Iterator[None]:
    """What a test configures of the process's log is undone after it: handlers and levels."""
    root, ours = logging.getLogger(), logging.getLogger("pocketpay")
    handlers, levels = [one for one in root.handlers if isinstance(one, log._Stderr)], (root.level, ours.level)
    yield
    root.handlers = [*(one for one in root.handlers if not isinstance(one, log._Stderr)), *handlers]
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture(scope="session")
def cluster_home(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder that PostgreSQL's own user can reach too, for data directories and, as root, their clusters.

    Whatever ends this process, the folder is removed, and what runs or is linked in it too.
    """
    controller = os.getppid() if hasattr(request.config, "workerinput") else None
    with run_folder(_memory(), controller=controller) as home, commands.forking():
        yield home


@pytest.fixture(scope="session")
def cluster(cluster_home: Path) -> Iterator[EmbeddedPostgres]:
    """The run's cluster."""
    with EmbeddedPostgres(cluster_home / "data", durable=False, system_home=cluster_home / "home") as started:
        yield started


@pytest.fixture(scope="session")
def postgres(cluster: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """The run's cluster, with the database `migrated` in it."""
    asyncio.run(_migrate_template(cluster))
    yield cluster
    for administrator in _administrators.values():
        administrator.close()
    _administrators.clear()


@pytest.fixture
def database_dsn(postgres: EmbeddedPostgres) -> Iterator[Dsns]:
    """A fresh, migrated database of this test's own."""
    with fresh_copy(postgres) as dsns:
        yield dsns


@pytest.fixture(scope="module")
def module_dsn(postgres: EmbeddedPostgres) -> Iterator[Dsns]:
    """A fresh, migrated database shared by a module's tests, for those that do not mind one another."""
    with fresh_copy(postgres) as dsns:
        yield dsns


@pytest.fixture
async def database(database_dsn: Dsns) -> AsyncIterator[Database]:
    """The server's way to this test's database."""
    opened = await Database.open(database_dsn.server)
    yield opened
    await opened.close()


@pytest.fixture
async def owner(database_dsn: Dsns) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection as the owner of every table, for arranging and for looking behind the server's back."""
    connection = await asyncpg.connect(database_dsn.owner)
    yield connection
    await connection.close()


@contextmanager
def fresh_copy(postgres: EmbeddedPostgres) -> Iterator[Dsns]:
    """A fresh, migrated database, gone after the block."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    administrator = _administrators.get(postgres.data)
    if administrator is None:
        administrator = _administrators[postgres.data] = _Administrator(postgres.dsn(OWNER, "postgres"))
    administrator.execute(f"create database {name} template {TEMPLATE} owner {OWNER} strategy file_copy")
    yield Dsns(server=postgres.dsn(LOGIN, name), owner=postgres.dsn(OWNER, name))
    administrator.execute(f"drop database {name} with (force)")


class _Administrator:
    """One connection for all databases that are made and dropped: two thirds as long as with one for each."""

    def __init__(self, dsn: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._connection = self._loop.run_until_complete(asyncpg.connect(dsn))

    def execute(self, statement: str) -> None:
        self._loop.run_until_complete(self._connection.execute(statement))

    def close(self) -> None:
        self._loop.run_until_complete(self._connection.close())
        self._loop.close()


_administrators: dict[Path, _Administrator] = {}


def _memory() -> str | None:
    """The system's folder in memory where it is large enough and may hold programs: a thousand files a database."""
    folder = "/dev/shm"  # noqa: S108  # a folder of our own is made in it
    try:
        facts = os.statvfs(folder)
    except OSError:
        return None
    fits = facts.f_bavail * facts.f_frsize > MEMORY_BYTES and not facts.f_flag & os.ST_NOEXEC
    return folder if fits and os.access(folder, os.W_OK) else None


async def _migrate_template(postgres: EmbeddedPostgres) -> None:
    await _on_server(postgres, f"create database {TEMPLATE} owner {OWNER}")
    await migrations.upgrade(postgres.dsn(OWNER, TEMPLATE), postgres.dsn(LOGIN, TEMPLATE))


async def _on_server(postgres: EmbeddedPostgres, statement: str) -> None:
    connection = await asyncpg.connect(postgres.dsn(OWNER, "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
