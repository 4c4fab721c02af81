"""Restores a backup: into an empty database, or into a data directory that has none.

    file        checked as a whole, before anything is changed
    roles       created, because a dump has none
    rows        one transaction
    migrations  to this version's revision, with the grants that they state

A new embedded cluster is created in another directory, and moved to its place when everything is done.
"""

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pocketpay.database import migrations
from pocketpay.database.backups.contents import create_roles, require_empty
from pocketpay.database.backups.source import Source, checked
from pocketpay.database.backups.tools import MAJOR_VERSION, address_of, tools_for
from pocketpay.database.embedded import secret_key
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.errors import DatabaseUnavailable

Audited = TypeVar("Audited")


def into_database(path: Path, owner_dsn: str, server_dsn: str) -> Source:
    """Restores the file into an empty database. Raises DatabaseUnavailable or WrongRevision, with advice."""
    tools = tools_for(asyncio.run(require_empty(owner_dsn)))
    source = checked(path, tools)
    asyncio.run(create_roles(owner_dsn, server_dsn))
    source.load(tools, address_of(owner_dsn))
    asyncio.run(migrations.upgrade(owner_dsn, server_dsn))
    return source


def into_data_directory(
    path: Path, postgres: EmbeddedPostgres, audit: Callable[[str, str], Audited]
) -> tuple[Source, Audited]:
    """Restores the file and its key into a data directory without a database, and audits it. Returns the result of
    `audit`, which gets the DSNs of the server and the owner.

    Raises DatabaseUnavailable or WrongRevision, with advice. After an error the directory still has no database.
    """
    tools = tools_for(MAJOR_VERSION)
    source = checked(path, tools)
    with postgres.unused():
        _require_empty(postgres.data, source.key)
        staging = postgres.beside()
        staging.erase()
        try:
            with staging:
                cluster = staging.data / "cluster"
                source.load(tools, address_of(staging.owner_dsn, folder=cluster.resolve()))
                asyncio.run(migrations.upgrade(staging.owner_dsn, staging.server_dsn))
                found = audit(staging.server_dsn, staging.owner_dsn)
            if source.key is not None:
                secret_key.put(postgres.data, source.key)
            cluster.rename(postgres.data / "cluster")
            _sync(postgres.data)
        finally:
            staging.stop()
            shutil.rmtree(staging.data, ignore_errors=True)
    return source, found


def _require_empty(data: Path, key: bytes | None) -> None:
    if os.path.lexists(data / "cluster"):
        raise DatabaseUnavailable(
            f"{data} has a database already: set POCKETPAY_DATA to another folder, or move this directory away."
        )
    if key is not None and (data / secret_key.FILE).exists() and secret_key.read_or_create(data) != key.strip():
        raise DatabaseUnavailable(
            f"{data / secret_key.FILE} has another key than the backup: move it away, then restore again."
        )


def _sync(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
