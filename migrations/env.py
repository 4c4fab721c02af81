"""The environment of Alembic: the tables that it compares with, and its connection.

`pocketpay migrate` and the tests put the owner's DSN into `config.attributes["dsn"]`. Alembic's own command line, for
example to write a new migration, uses DATABASE_OWNER_URL or DATABASE_URL, or else the embedded server.
"""

import asyncio
import importlib
from pathlib import Path

import structlog
from alembic import context
from alembic.runtime.migration import MigrationInfo
from alembic.script import Script
from sqlalchemy import Connection, text
from sqlmodel import SQLModel

import pocketpay
from pocketpay import settings
from pocketpay.database import migrations
from pocketpay.database.embedded.server import EmbeddedPostgres

SERVED_REVISIONS_EXIST = "select to_regclass('public.served_revisions') is not null"

log = structlog.get_logger("pocketpay.migrations")


def import_tables() -> None:
    """Imports the models of every package, so that the metadata has all tables."""
    home = Path(pocketpay.__path__[0])
    for file in sorted(home.rglob("models.py")):
        importlib.import_module(".".join(("pocketpay", *file.relative_to(home).with_suffix("").parts)))


def run(connection: Connection) -> None:
    """Runs the Alembic command, each migration in its own transaction.

    An interrupted migration has no effect. Only an index that it builds concurrently may remain; the migration
    removes it when it is repeated.
    """
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        transaction_per_migration=True,
        compare_server_default=True,
        on_version_apply=lambda **facts: on_migration(connection, facts["step"]),
    )
    with context.begin_transaction():
        context.run_migrations()


def on_migration(connection: Connection, step: MigrationInfo) -> None:
    """Runs after each migration, in its transaction."""
    log_migration(step)
    record_served_revision(connection, step)


def log_migration(step: MigrationInfo) -> None:
    """Logs a migration that was executed and is about to be committed."""
    title = step.up_revision.doc if isinstance(step.up_revision, Script) else ""
    log.info("migrating", revision=step.up_revision_id, text=title)


def record_served_revision(connection: Connection, step: MigrationInfo) -> None:
    """Adds the revision to those whose servers work with the tables, in the transaction of its migration.

    Deletes the revisions that the migration names in `ends_service_for`. Does nothing before the table exists.
    """
    if not isinstance(step.up_revision, Script) or not connection.scalar(text(SERVED_REVISIONS_EXIST)):
        return
    ended = getattr(step.up_revision.module, "ends_service_for", ())
    connection.execute(text("delete from served_revisions where revision = any(:ended)"), {"ended": list(ended)})
    connection.execute(
        text("insert into served_revisions values (:revision) on conflict do nothing"),
        {"revision": step.up_revision.revision},
    )


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
