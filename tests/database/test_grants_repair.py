"""`pocketpay migrate` adds missing roles and grants again, and revokes those that the migrations do not state."""

from collections.abc import Iterator

import asyncpg
import pytest
from asyncpg import Connection, Record

from pocketpay.database import grants, migrations, revisions
from pocketpay.database.embedded.server import EmbeddedPostgres
from pocketpay.database.errors import DatabaseUnavailable, MissingGrants, NoTables, WrongRevision
from pocketpay.database.roles import LOGIN, READER, SERVER
from pocketpay.database.sessions import Session
from pocketpay.operations import audit
from tests.conftest import Dsns
from tests.databases import fresh_copy

MISSING = {
    "revoke select on cards from pocketpay_reader": ("grant select on cards to pocketpay_reader",),
    "revoke update (held) on ledger_accounts from pocketpay_server": (
        "grant update (held) on ledger_accounts to pocketpay_server",
    ),
    "revoke execute on function name_words(text) from pocketpay_server": (
        "grant execute on function name_words(text) to pocketpay_server",
    ),
    "revoke usage on schema public from public": (
        "grant usage on schema public to pocketpay_reader",
        "grant usage on schema public to pocketpay_server",
    ),
    "revoke select on alembic_version from pocketpay_server": (
        "grant select on alembic_version to pocketpay_server",
    ),
}

EXTRA = {
    "grant update on ledger_entries to pocketpay_server": ("revoke update on ledger_entries from pocketpay_server",),
    "grant select (password_hash) on users to pocketpay_reader": (
        "revoke select (password_hash) on users from pocketpay_reader",
    ),
    "grant delete on wallets to pocketpay": ("revoke delete on wallets from pocketpay",),
    "grant select on sessions to public": ("revoke select on sessions from PUBLIC",),
    # REVOKE on the table also revokes the privilege on the column.
    "grant update on wallet_usage to pocketpay_server": (
        "revoke update on wallet_usage from pocketpay_server",
        "grant update (amount) on wallet_usage to pocketpay_server",
    ),
}

OTHERS = "grant select on cards to pg_monitor; create table theirs (); grant select on theirs to public"


@pytest.fixture
def database_dsn(postgres: EmbeddedPostgres) -> Iterator[Dsns]:
    """A database that no other test uses: these tests damage more than rows."""
    with fresh_copy(postgres) as dsns:
        yield dsns


async def check(dsns: Dsns) -> None:
    """Checks the tables as a server does at its start."""
    server = await asyncpg.connect(dsns.server)
    try:
        await grants.check(Session(server))
    finally:
        await server.close()


async def is_repaired(dsns: Dsns, owner: "Connection[Record]") -> None:
    await check(dsns)
    assert set(await grants.held(Session(owner), SERVER, READER, LOGIN)) - _of_theirs() == set(grants.stated())


def _of_theirs() -> set[str]:
    return {"grant select on theirs to PUBLIC"}


async def test_missing_and_extra_grants_are_repaired_and_grants_of_other_roles_stay(
    database_dsn: Dsns, owner: "Connection[Record]"
) -> None:
    await owner.execute(OTHERS)
    for damage, repairs in (MISSING | EXTRA).items():
        await owner.execute(damage)
        if damage in MISSING:
            with pytest.raises(MissingGrants, match="Run `pocketpay migrate`, which adds it again"):
                await check(database_dsn)
        upgraded = await migrations.upgrade(database_dsn.owner, database_dsn.server)
        assert upgraded == migrations.Upgraded(revisions.expected(), repairs)
        await is_repaired(database_dsn, owner)
    assert (await migrations.upgrade(database_dsn.owner, database_dsn.server)).repairs == ()
    assert await owner.fetchval("select has_table_privilege('pg_monitor', 'cards', 'select')")
    assert await owner.fetchval("select has_table_privilege('pg_monitor', 'theirs', 'select')")


async def test_a_database_restored_without_its_roles_is_repaired(
    database_dsn: Dsns, owner: "Connection[Record]"
) -> None:
    """Other databases of the cluster use the roles, so they cannot be dropped. A renamed role is missing too."""
    for name in (SERVER, READER):
        await owner.execute(f"alter role {name} rename to away_{name}")
    try:
        for read in (check(database_dsn), _audit(database_dsn)):
            with pytest.raises(MissingGrants):
                await read
        repairs = (await migrations.upgrade(database_dsn.owner, database_dsn.server)).repairs
        assert repairs[:4] == (
            "create role pocketpay_server nologin",
            "create role pocketpay_reader nologin",
            "grant pocketpay_reader to pocketpay_server with inherit false, set true",
            "grant pocketpay_server to pocketpay with inherit true",
        )
        assert set(repairs[4:]) == set(grants.stated())
        assert [finding async for finding in audit.findings(database_dsn.server)] == []
    finally:
        for name in (SERVER, READER):
            if await owner.fetchval("select to_regrole($1)", name):
                await owner.execute(f"drop owned by {name}; drop role {name}")
            await owner.execute(f"alter role away_{name} rename to {name}")


async def _audit(dsns: Dsns) -> None:
    async for _ in audit.findings(dsns.server):
        pass


async def test_lost_memberships_are_granted_again(database_dsn: Dsns, owner: "Connection[Record]") -> None:
    for revoked, repair in (
        (f"revoke {SERVER} from {LOGIN}", "grant pocketpay_server to pocketpay with inherit true"),
        (f"revoke {READER} from {SERVER}", "grant pocketpay_reader to pocketpay_server with inherit false, set true"),
    ):
        await owner.execute(revoked)
        with pytest.raises(MissingGrants):
            await check(database_dsn)
        assert (await migrations.upgrade(database_dsn.owner, database_dsn.server)).repairs == (repair,)
        await check(database_dsn)


async def test_unreadable_tables_are_not_reported_as_missing(database_dsn: Dsns, owner: "Connection[Record]") -> None:
    await owner.execute("revoke all on all tables in schema public from pocketpay_server, pocketpay_reader")
    with pytest.raises(MissingGrants, match="has tables that the login of DATABASE_URL cannot read"):
        await check(database_dsn)
    await owner.execute("revoke usage on schema public from public")
    with pytest.raises(MissingGrants, match="has tables that the login of DATABASE_URL cannot read"):
        await check(database_dsn)
    await migrations.upgrade(database_dsn.owner, database_dsn.server)
    await check(database_dsn)


@pytest.mark.parametrize("damage", ["delete from alembic_version", "drop table alembic_version"])
async def test_incomplete_tables_are_not_reported_as_missing_and_not_migrated(
    database_dsn: Dsns, owner: "Connection[Record]", damage: str
) -> None:
    await owner.execute(damage)
    for attempt in (check(database_dsn), migrations.upgrade(database_dsn.owner, database_dsn.server)):
        with pytest.raises(WrongRevision, match="tables without a revision") as refused:
            await attempt
        assert not isinstance(refused.value, NoTables)


async def test_tables_of_another_owner_are_not_migrated(database_dsn: Dsns) -> None:
    with pytest.raises(DatabaseUnavailable, match="The tables belong to the role pocketpay_owner"):
        await migrations.upgrade(database_dsn.server, database_dsn.server)
