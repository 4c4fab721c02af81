"""PostgreSQL for the tests: one cluster per run, and a migrated database without rows for each test that needs one.

The cluster is not durable (no fsync), so nothing here tests durability. Tests of durability start their own cluster.
"""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import asyncpg
import hypothesis
import pytest
import structlog
from argon2 import PasswordHasher

from pocketpay.clearing import waiting
from pocketpay.database.embedded.readiness import DATABASE
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.roles import OWNER
from pocketpay.database.sessions import Database
from pocketpay.identity import passwords
from pocketpay.serving import execution, log
from pocketpay.serving.new_documents import Share
from tests import data_directories, databases, warm_connections
from tests.databases import Dsns as Dsns
from tests.databases import fresh_copy as fresh_copy
from tests.patience import PATIENCE_SECONDS
from tests.run_home import cluster_home as cluster_home

PRODUCT = passwords._ARGON2
WAIT_SECONDS = waiting.WAIT_SECONDS

SHARED: EmbeddedPostgres | None = None
"""A running cluster with the database `migrated`, which this process uses instead of one of its own.
`tests/mutations/worker.py` sets it."""

LONG = (
    "tests/walks/test_model.py",
    "tests/cli/test_serve.py",
    "tests/database/test_embedded.py",
    "tests/serving/test_sockets.py",
    "tests/e2e/test_web.py",
    "tests/serving/connections/test_protocol.py",
    "tests/test_killed_run.py",
    "tests/operations/test_audit.py",
    "tests/failover/",
    "tests/e2e/test_examples.py",
    "tests/clearing/test_batch_races.py",
    "tests/serving/test_statement_csv.py",
    "tests/identity/test_search_folding.py",
    "tests/interop/",
    "tests/clearing/test_lost_connections.py",
    "tests/api/test_operations.py",
    "tests/cli/test_import_supabase.py",
    "tests/cli/test_operator.py",
    "tests/serving/test_downloads.py",
    "tests/e2e/test_trouble.py",
    "tests/soak/",
    "tests/e2e/test_stuck_peer.py",
    "tests/e2e/test_two_servers.py",
    "tests/e2e/test_clients_page.py",
    "tests/e2e/test_kill.py",
    "tests/e2e/test_servers_that_differ.py",
    "tests/onboarding/test_close_wallet.py",
    "tests/e2e/test_stop.py",
    "tests/e2e/test_reset.py",
    "tests/serving/test_documents.py",
    "tests/clearing/test_full_disk.py",
    "tests/clearing/test_fairness.py",
    "tests/clearing/test_plans.py",
    "tests/api/test_money_requests.py",
    "tests/api/test_feeds.py",
    "tests/database/test_migrations.py",
    "tests/operations/test_recorded_audit.py",
    "tests/test_plain_words.py",
    "tests/payments/test_simulate_card_payment.py",
    "tests/e2e/",
    "tests/payments/test_withdraw.py",
    "tests/payments/test_refund.py",
    "tests/clearing/test_failing_units.py",
    "tests/importing/test_run.py",
    "tests/payments/test_preview.py",
    "tests/identity/test_hashing_floods.py",
    "tests/transactions/test_usage_plans.py",
    "tests/deployment/test_production.py",
    "tests/operations/test_restore.py",
    "tests/mail/test_sender.py",
    "tests/serving/connections/test_plain_post.py",
    "tests/secrets/test_processes.py",
    "tests/operations/test_backups.py",
    "tests/mutations/",
    "tests/fuzz/",
    "tests/clearing/",
    "tests/cli/",
    "tests/walks/",
)
"""Files and folders whose tests take more than five seconds on two quiet cores, the slowest first. The figures:
`make test ARGS="--durations=0 --durations-min=0.01"`."""

# The time of an example depends on how busy the machine is, so it is no reason to fail.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest files first, so that at the end no test process waits long for another."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    return _place_of_file(item.nodeid.partition("::")[0])


@cache
def _place_of_file(path: str) -> int:
    return next((place for place, name in enumerate(LONG) if path.startswith(name)), len(LONG))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keeps the million objects that exist after collection out of garbage collection during the tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Hashing a password takes microseconds, not 24 ms. Servers in processes of their own hash as in production."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "_ARGON2", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session", autouse=True)
def time_for_new_documents() -> Iterator[None]:
    """New documents never wait for their turn: a pass of the garbage collector over a test process counts as if
    preparing a document took that long."""
    with pytest.MonkeyPatch.context() as patched:
        for name in ("SIGNED_IN_SHARE", "ANONYMOUS_SHARE"):
            patched.setattr(execution, name, Share(share=1, burst_seconds=60))
        yield


@pytest.fixture(scope="session", autouse=True)
def time_for_orders() -> Iterator[None]:
    """A busy machine refuses no order. Tests about orders that wait use the product's limit: `limit_of_waiting`."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(waiting, "WAIT_SECONDS", PATIENCE_SECONDS)
        yield


@pytest.fixture
def limit_of_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's limit for an order that waits."""
    monkeypatch.setattr(waiting, "WAIT_SECONDS", WAIT_SECONDS)


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's hash parameters, for tests about them."""
    monkeypatch.setattr(passwords, "_ARGON2", PRODUCT)


def _configure_without_cache(configure: Callable[..., None], **settings: Any) -> None:
    configure(**{**settings, "cache_logger_on_first_use": False})


@pytest.fixture(autouse=True)
def log_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Restores the handlers and levels of the process's log after each test. No logger is kept with the configuration
    of its first use, as in a server: a later test could not capture its lines."""
    monkeypatch.setattr(structlog, "configure", partial(_configure_without_cache, structlog.configure))
    root, ours = logging.getLogger(), logging.getLogger("pocketpay")
    handlers, levels = [one for one in root.handlers if isinstance(one, log._Stderr)], (root.level, ours.level)
    yield
    logging.captureWarnings(False)
    root.handlers = [*(one for one in root.handlers if not isinstance(one, log._Stderr)), *handlers]
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture(scope="session")
def migrated_data(cluster_home: Path) -> Path:
    """A data directory with a migrated database without rows. Tests with a cluster of their own copy it."""
    data = cluster_home / "migrated"
    data_directories.migrate(data, cluster_home / "home")
    return data


@pytest.fixture(scope="session")
def seeded_data(cluster_home: Path, migrated_data: Path) -> Path:
    """A data directory as the first start of a server leaves it, with the demo people. Installations copy it."""
    data = data_directories.copy(migrated_data, cluster_home / "seeded")
    data_directories.seed(data, cluster_home)
    return data


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres]:
    """The cluster of this run."""
    if SHARED is not None:
        yield SHARED
        return
    cluster_home: Path = request.getfixturevalue("cluster_home")
    migrated_data: Path = request.getfixturevalue("migrated_data")
    data = data_directories.copy(migrated_data, cluster_home / "data")
    with EmbeddedPostgres(data, durable=False, system_home=cluster_home / "home") as started:
        yield started


@pytest.fixture(scope="module")
def durable(cluster_home: Path, migrated_data: Path, request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres]:
    """A durable cluster for the tests of a module, as the commands require it, with a migrated database without
    rows."""
    name = request.module.__name__.rpartition(".")[2]
    data = data_directories.copy(migrated_data, cluster_home / f"durable-{name}")
    with EmbeddedPostgres(data, system_home=cluster_home / "home") as started:
        yield started


@pytest.fixture(scope="session")
def postgres(cluster: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """The cluster of this run, with the database `migrated` in it."""
    if SHARED is None:
        asyncio.run(prepare_template(cluster))
    yield cluster
    databases.drop_all(cluster)


@pytest.fixture
def database_dsn(postgres: EmbeddedPostgres) -> Iterator[Dsns]:
    """A migrated database without rows for this test."""
    with databases.recycled(postgres) as dsns:
        yield dsns


@pytest.fixture(scope="module")
def module_dsn(postgres: EmbeddedPostgres) -> Iterator[Dsns]:
    """A fresh, migrated database that the tests of a module share, for tests that do not affect each other."""
    with databases.lasting_copy(postgres) as dsns:
        yield dsns


@pytest.fixture(scope="module")
async def warm() -> AsyncIterator[None]:
    """Keeps the connections of the module's tests for its later tests. A package or module whose tests are about
    connections overrides it with a fixture that does nothing."""
    with warm_connections.kept():
        yield


@pytest.fixture
async def database(warm: None, database_dsn: Dsns) -> AsyncIterator[Database]:
    """The server's connections to this test's database."""
    opened = await Database.open(database_dsn.server)
    yield opened
    await opened.close()


@pytest.fixture
async def owner(warm: None, database_dsn: Dsns) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection as the owner of every table, to prepare data and to check it without the server."""
    connection = await warm_connections.connected(database_dsn.owner)
    yield connection
    await connection.close()


async def prepare_template(postgres: EmbeddedPostgres) -> None:
    """Creates the database `migrated` in a cluster whose own database is migrated."""
    # Statistics that appear after a minute would change the plans of later tests.
    await _on_server(postgres, "alter system set autovacuum = off")
    await _on_server(postgres, "select pg_reload_conf()")
    await _on_server(postgres, f"create database {databases.TEMPLATE} template {DATABASE} owner {OWNER}")


async def _on_server(postgres: EmbeddedPostgres, statement: str) -> None:
    connection = await asyncpg.connect(postgres.dsn(OWNER, "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
