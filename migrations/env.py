"""Where Alembic runs: which tables it compares with, and over which connection.

`pocketpay migrate` and the tests put the owner's DSN into `config.attributes["dsn"]`. Alembic's own command line (to
write a new migration, say) takes DATABASE_OWNER_URL or DATABASE_URL, and without them the embedded server.
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
    """Imports every room's models, so that the metadata knows every table."""
    for room in pkgutil.iter_modules(pocketpay.__path__, "pocketpay."):
        if room.ispkg and importlib.util.find_spec(f"{room.name}.models"):
            importlib.import_module(f"{room.name}.models")


def run(connection: Connection) -> None:
    """Runs what was asked for, each migration in one transaction: stopped midway, it leaves nothing."""
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        transaction_per_migration=True,
        compare_server_default=True,
        on_version_apply=lambda **said: tell(said["step"]),
    )
    with context.begin_transaction():
        context.run_migrations()


def tell(step: MigrationInfo) -> None:
    """One migration has been carried out and is about to be committed."""
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
    given = settings.load()
    outside = given.database_owner_url or given.database_url
    if outside:
        asyncio.run(connect_and_run(outside))
    else:
        with EmbeddedPostgres(given.pocketpay_data) as postgres:
            asyncio.run(connect_and_run(postgres.owner_dsn))


main()
