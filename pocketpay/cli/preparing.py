"""Checks the database before a command uses it, and migrates an embedded one."""

import asyncio
from collections.abc import Mapping

import structlog

from pocketpay.cli.database_address import DatabaseAddress
from pocketpay.database import startup
from pocketpay.database.errors import WrongRevision
from pocketpay.settings import Settings

log = structlog.get_logger(__name__)


def prepare(settings: Settings, database: DatabaseAddress, *, clearing: Mapping[str, str] | None = None) -> None:
    """Checks the database, and migrates an embedded one to this revision. A server passes its clearing's settings.

    Raises WrongRevision when an external database is at another revision, and the errors of `startup.check`.
    """
    try:
        warnings = asyncio.run(startup.check(database.server_dsn, clearing=clearing))
    except WrongRevision:
        if database.postgres is None:
            raise
        # Imported only here: Alembic takes two seconds to import, and most starts have nothing to migrate.
        from pocketpay.database import migrations

        asyncio.run(migrations.upgrade(database.owner_dsn, database.server_dsn))
        warnings = asyncio.run(startup.check(database.server_dsn, clearing=clearing))
    for warning in warnings:
        log.warning("database_warning", text=warning)
