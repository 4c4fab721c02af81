"""The migration of a later version runs while this version's servers are in use.

The later version is made up: this version's migrations and one more. Its database names the revisions whose servers
go on (decision 55).
"""

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from pocketpay.database import migrations, revisions
from pocketpay.database.embedded.server import EmbeddedPostgres
from tests.e2e.load import SETTINGS, Load
from tests.e2e.processes import Installation

SECRET = "a key for tests, thirty-two bytes or more"

EXPANDS = '''"""Adds a table and an index, and takes nothing away."""

from alembic import op

revision = "9001"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create table made_up (id bigint primary key, wallet_id uuid references wallets (id))")
    op.execute("create index ix_made_up on transactions (completed_at) where status = 'blocked'")
'''

CONTRACTS = '''"""Takes something away from the servers before it."""

from alembic import op

revision = "9002"
down_revision = "9001"
branch_labels = None
depends_on = None
ends_service_for = ("{before}",)


def upgrade() -> None:
    op.execute("drop table made_up")
'''


@pytest.fixture
def upgraded(installation: Installation, durable: EmbeddedPostgres) -> Installation:
    installation.settings.update(SETTINGS, SECRET_KEY=SECRET, ENVIRONMENT="development")
    installation.settings.update(DATABASE_URL=durable.server_dsn, DATABASE_OWNER_URL=durable.owner_dsn)
    assert installation.run("migrate").stdout == f"The database is at revision {revisions.expected()}.\n"
    return installation


@contextmanager
def later_version(folder: Path, *texts: str) -> Iterator[None]:
    """During the block this process has the migrations of a later version."""
    before = revisions.expected()
    shutil.copytree(revisions.folder(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    for number, text in enumerate(texts):
        (folder / "versions" / f"900{number + 1}_made_up.py").write_text(text.format(before=before))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(revisions, "folder", lambda: folder)
        revisions._steps.cache_clear()
        yield
    revisions._steps.cache_clear()


async def test_a_later_migration_under_load_fails_no_request(
    upgraded: Installation, durable: EmbeddedPostgres, tmp_path: Path
) -> None:
    """Then a migration that says so ends the service of this version."""
    server = upgraded.start()
    load = Load(server.url, clients=8)
    await load.open()
    running = asyncio.create_task(load.run())
    await asyncio.sleep(0.5)
    with later_version(tmp_path / "next", EXPANDS):
        assert await migrations.upgrade(durable.owner_dsn, durable.server_dsn) == migrations.Upgraded("9001")
    orders = len(load.orders)
    while len(load.orders) < orders + 100:  # noqa: ASYNC110  # there is no event to wait for
        await asyncio.sleep(0.01)
    load.stop()
    await running
    assert load.broken == []
    assert [order for order in load.orders if not order.is_done] == []
    await load.close()
    async with httpx.AsyncClient(base_url=server.url) as http:
        assert (await http.get("/readyz")).status_code == 200
        audit = await asyncio.to_thread(upgraded.run, "audit")
        assert (audit.returncode, audit.stderr) == (0, "")
        migrate = await asyncio.to_thread(upgraded.run, "migrate")
        newer = "The database is at revision 9001, which is newer than this version and supports it.\n"
        assert (migrate.returncode, migrate.stdout) == (0, newer)
        second = await asyncio.to_thread(upgraded.start)
        (warning,) = (json.loads(line) for line in second.log.read_text().splitlines() if "database_warning" in line)
        assert warning["text"].startswith("The database is at revision 9001, which is newer than this server (")
        assert await asyncio.to_thread(second.stop) == 0

        with later_version(tmp_path / "last", EXPANDS, CONTRACTS):
            assert await migrations.upgrade(durable.owner_dsn, durable.server_dsn) == migrations.Upgraded("9002")
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()["revision"]) == (503, "does not support this server")
    for verb in ("serve", "audit", "migrate"):
        refused = await asyncio.to_thread(upgraded.run, verb, PORT="0")
        assert refused.returncode == 1, verb
        assert "Install a newer server." in refused.stderr, verb
        assert "Traceback" not in refused.stderr, verb
    assert await asyncio.to_thread(server.stop) == 0
    assert server.tracebacks() == []
