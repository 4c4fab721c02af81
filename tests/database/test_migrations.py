"""Migrations: once each, one at a time, and no serving on another revision."""

from asyncpg import Connection, Record

from pocketpay.database import migrations
from pocketpay.database.sessions import Database


async def test_migrated_database_is_of_the_revision_the_server_wants(database: Database) -> None:
    async with database.read() as session:
        await migrations.check_revision(session)


async def test_owner_sees_tables(owner: "Connection[Record]") -> None:
    print(await owner.fetch("select relname from pg_class where relkind='r' and relnamespace='public'::regnamespace"))
