"""Every change that weakens a database guard changes the listing, so a review shows it."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from asyncpg import Connection, Record

from tests.conftest import Dsns
from tests.database.listing import listing
from tests.warm_connections import connected

WEAKENINGS = {
    "a trigger is disabled": "alter table ledger_entries disable trigger ledger_entries_guard",
    "a trigger is no longer enabled always": "alter table ledger_entries enable trigger ledger_entries_guard",
    "a trigger is dropped": "drop trigger transactions_lifecycle on transactions",
    "a trigger fires for fewer events": (
        "create or replace trigger ledger_entries_never_rewritten before update on ledger_entries "
        "for each row execute function ledger_entries_are_final()"
    ),
    "a trigger function does nothing": (
        "create or replace function ledger_entries_guard() returns trigger language plpgsql "
        "as 'begin return null; end'"
    ),
    "a column is no longer immutable": (
        "create or replace trigger transactions_immutable before update on transactions for each row "
        "when (old.amount is distinct from new.amount) execute function immutable_columns_refuse_update()"
    ),
    "rows that others refer to may be removed": "drop trigger wallets_never_removed on wallets",
    "a trigger fires for fewer columns": (
        "create or replace trigger ledger_accounts_immutable after update of currency, kind on ledger_accounts "
        "for each row when (old.id is distinct from new.id or old.currency is distinct from new.currency "
        "or old.kind is distinct from new.kind) execute function immutable_columns_refuse_update()"
    ),
    "a trigger function runs as its owner": "alter function ledger_entries_guard() security definer",
    "a function folds fewer characters": (
        "create or replace function name_key(raw text) returns text language sql immutable strict parallel safe "
        'return "left"(search_key(raw), 60)'
    ),
    "a constraint is dropped": "alter table transactions drop constraint ck_transactions_amount_in_range",
    "a constraint is weaker": (
        "alter table transactions drop constraint ck_transactions_amount_in_range; "
        "alter table transactions add constraint ck_transactions_amount_in_range check (amount > 0)"
    ),
    "a constraint is not validated": (
        "alter table ledger_entries drop constraint ck_ledger_entries_amount_not_zero; "
        "alter table ledger_entries add constraint ck_ledger_entries_amount_not_zero check (amount <> 0) not valid"
    ),
    "a foreign key is not enforced": (
        "alter table transactions alter constraint fk_transactions_request not enforced"
    ),
    "an index is dropped": "drop index ix_transactions_pending",
    "an index is no longer unique": (
        "drop index uq_ledger_accounts_kind_currency_house; "
        "create index uq_ledger_accounts_kind_currency_house on ledger_accounts (kind, currency) "
        "where kind <> 'wallet'"
    ),
    "an index covers fewer rows": (
        "drop index uq_ledger_accounts_kind_currency_house; "
        "create unique index uq_ledger_accounts_kind_currency_house on ledger_accounts (kind, currency) "
        "where kind = 'bank'"
    ),
    "the server may update entries": "grant update on ledger_entries to pocketpay_server",
    "the server may update a column": "grant update (amount) on transactions to pocketpay_server",
    "the server may change the wallet of a user": "grant update (wallet_id) on users to pocketpay_server",
    "the login may delete": "grant delete on wallets to pocketpay",
    "the reader may see passwords": "grant select (password_hash) on users to pocketpay_reader",
    "every role may read": "grant select on sessions to public",
}


@pytest.fixture
async def owner(warm: None, module_dsn: Dsns) -> AsyncIterator["Connection[Record]"]:
    """A connection as the owner, in a transaction that is rolled back."""
    connection = await connected(module_dsn.owner)
    await connection.execute("begin")
    yield connection
    await connection.execute("rollback")
    await connection.close()


@pytest.fixture(scope="module")
def untouched(module_dsn: Dsns) -> str:
    """The listing before any change."""

    async def ask() -> str:
        connection = await asyncpg.connect(module_dsn.owner)
        try:
            return await listing(connection)
        finally:
            await connection.close()

    return asyncio.run(ask())


@pytest.mark.parametrize("weakening", WEAKENINGS)
async def test_a_weakened_guard_changes_the_listing(
    owner: "Connection[Record]", untouched: str, weakening: str
) -> None:
    await owner.execute(WEAKENINGS[weakening])
    assert await listing(owner) != untouched


async def test_the_listing_is_the_same_when_it_is_made_twice(owner: "Connection[Record]", untouched: str) -> None:
    assert await listing(owner) == untouched
