"""The environment of Alembic: the tables that it compares with, and its connection.

`pocketpay migrate` and the tests put the owner's DSN into `config.attributes["dsn"]`. Alembic's own command line, for
example to write a new migration, uses DATABASE_OWNER_URL or DATABASE_URL, or else the embedded server.
"""

import asyncio
import importlib
import importlib.util
import pkgutil

import structlog
from alembic import context
from alembic.runtime.migration import MigrationInfo
from alembic.script import Script
from sqlalchemy import Connection
from sqlmodel import SQLModel

import pocketpay
from pocketpay import settings
from pocketpay.database import migrations
from pocketpay.database.embedded.server import EmbeddedPostgres

log = structlog.get_logger("pocketpay.migrations")


def import_tables() -> None:
    """Imports the models of every package, so that the metadata has all tables."""
    for package in pkgutil.iter_modules(pocketpay.__path__, "pocketpay."):
        if package.ispkg and importlib.util.find_spec(f"{package.name}.models"):
            importlib.import_module(f"{package.name}.models")


def run(connection: Connection) -> None:
    """Runs the Alembic command, each migration in its own transaction. An interrupted migration has no effect."""
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        transaction_per_migration=True,
        compare_server_default=True,
        on_version_apply=lambda **facts: log_migration(facts["step"]),
    )
    with context.begin_transaction():
        context.run_migrations()


def log_migration(step: MigrationInfo) -> None:
    """Logs a migration that was executed and is about to be committed."""
    text = step.up_revision.doc if isinstance(step.up_revision, Script) else ""
    log.info("migrating", revision=step.up_revision_id, text=text)


async def connect_and_run(dsn: str) -> None:
    engine = migrations.engine(dsn)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await engine.dispose()


def main() -> None:
    import_tables()
    if dsn := context.config.attributes.get("dsn"):
        asyncio.run(connect_and_run(dsn))
        return
    loaded = settings.load()
    url = loaded.database_owner_url or loaded.database_url
    if url:
        asyncio.run(connect_and_run(url))
    else:
        with EmbeddedPostgres(loaded.pocketpay_data) as postgres:
            asyncio.run(connect_and_run(postgres.owner_dsn))


main()
