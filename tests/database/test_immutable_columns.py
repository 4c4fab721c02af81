"""Immutable columns: a column that the server may not update cannot be updated by the tables' owner either.

The columns of accounts are in tests/ledger/test_references.py.
"""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from asyncpg import Connection, Record

from tests.conftest import Dsns
from tests.operations.town import Town, trade
from tests.warm_connections import connected

TABLES = ("transactions", "money_requests", "cards", "wallets", "users", "idempotency_keys", "imported_users")
TIMES = ("created_at", "expires_at", "expiry_month", "expiry_year", "email_set_at", "phone_set_at")
"""Columns that the owner may update, for example to extend a deadline after an outage. Triggers write the last
two."""

OTHER = {
    "uuid": "gen_random_uuid()",
    "character varying": "concat({column}, 'x')",
    "bigint": "coalesce({column}, 0) + 1",
    "bytea": "sha256({column})",
    "uuid[]": "{column} || gen_random_uuid()",
    "jsonb": "'[1]'",
    "timestamp with time zone": "coalesce({column}, now()) + interval '1 hour'",
}
"""A different value for each type."""

COLUMNS = """
select attname as name, format_type(atttypid, null) as type,
    has_column_privilege('pocketpay_server', attrelid, attnum, 'update') as servers
from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped
"""
IMPORTED = "insert into imported_users select gen_random_uuid(), id, null, 0, now() from users limit 1"


@pytest.fixture(scope="module")
def town(module_dsn: Dsns) -> Town:
    return asyncio.run(_imported(module_dsn))


async def _imported(dsns: Dsns) -> Town:
    town = await trade(dsns)
    owner = await asyncpg.connect(dsns.owner)
    await owner.execute(IMPORTED)
    await owner.close()
    return town


@pytest.fixture(params=["origin", "replica"])
async def owner(warm: None, module_dsn: Dsns, request: pytest.FixtureRequest) -> AsyncIterator["Connection[Record]"]:
    """A connection as the owner of the tables, once as usual and once with ordinary triggers disabled."""
    connection = await connected(module_dsn.owner)
    await connection.execute(f"set session_replication_role = {request.param}")
    yield connection
    await connection.close()


async def _refused(owner: "Connection[Record]", table: str, column: str, value: str) -> str | None:
    """Updates the column. Returns the trigger or constraint that refuses it, or None when it was written."""
    transaction = owner.transaction()
    await transaction.start()
    try:
        assert (
            await owner.fetchval(
                f"with changed as (update {table} set {column} = {value} returning 1) select count(*) from changed"
            )
            > 0
        )
    except asyncpg.CheckViolationError as refused:
        return refused.constraint_name
    finally:
        await transaction.rollback()
    return None


@pytest.mark.parametrize("table", TABLES)
async def test_the_owner_cannot_update_a_column_that_the_server_may_not(
    town: Town, owner: "Connection[Record]", table: str
) -> None:
    columns = [row for row in await owner.fetch(COLUMNS, table) if not row["servers"] and row["name"] not in TIMES]
    assert columns
    for row in columns:
        value = OTHER[row["type"]].format(column=row["name"])
        assert await _refused(owner, table, row["name"], value) == f"{table}_immutable", row["name"]


@pytest.mark.parametrize("table", TABLES[:5])
async def test_writing_the_same_value_is_allowed(town: Town, owner: "Connection[Record]", table: str) -> None:
    names = [row["name"] for row in await owner.fetch(COLUMNS, table)]
    assert await _refused(owner, table, f"({', '.join(names)})", f"row({', '.join(names)})") is None


async def test_one_refused_row_refuses_the_whole_statement(town: Town, owner: "Connection[Record]") -> None:
    value = f"case when id = '{town['sent']}' then 'never mind' else description end"
    assert await _refused(owner, "transactions", "description", value) == "transactions_immutable"


@pytest.mark.parametrize(
    "statement",
    [
        "insert into idempotency_keys select * from idempotency_keys on conflict (wallet_id, key) "
        "do update set fingerprint = sha256('another')",
        "merge into transactions t using wallets w on w.id = t.destination_wallet_id "
        "when matched then update set amount = t.amount + 1",
        "with locked as (select id from cards for update) update cards c set last4 = '0000' from locked "
        "where locked.id = c.id",
    ],
)
async def test_upsert_merge_and_update_from_are_refused_too(
    town: Town, owner: "Connection[Record]", statement: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="immutable columns"):
        await owner.execute(statement)
