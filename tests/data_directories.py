"""Data directories that a run creates once and copies for each test with a cluster or servers of its own.

    migrate     a cluster with the tables and no rows
    seed        the same with the demo people, as the first start of a server leaves it

Creating them costs a second of CPU time each, a copy a tenth. A copy made while nothing runs is a separate database
with the same data (`embedded.server`). Tests of the first start itself create their own.
"""

import asyncio
import os
import shutil
from pathlib import Path

from pocketpay.database.embedded.server import EmbeddedPostgres
from tests import commands

SEED_SECONDS = 120.0


def migrate(data: Path, system_home: Path) -> None:
    """Creates the data directory `data`, with a migrated database. Nothing runs in it afterwards."""
    from pocketpay.database import migrations  # Alembic is slow to import, and copies do not need it

    with EmbeddedPostgres(data, durable=False, system_home=system_home) as postgres:
        asyncio.run(migrations.upgrade(postgres.owner_dsn, postgres.server_dsn))


def seed(data: Path, files: Path) -> None:
    """Adds the demo people to the database in `data`. The folder `files` is for the output of the command."""
    environment = {"PATH": os.environ["PATH"], "POCKETPAY_DATA": str(data)}
    done = commands.run("demo", folder=files, environment=environment, files=files, seconds=SEED_SECONDS)
    assert done.returncode == 0, done.stderr


def copy(data: Path, to: Path) -> Path:
    """Copies a data directory in which nothing runs. Returns the path of the copy."""
    return shutil.copytree(data, to, symlinks=True)
