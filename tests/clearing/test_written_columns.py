"""A unit of work writes exactly the decided value into every column.

One statement writes all money. Its rows are tuples, whose values must be in the order of the columns of a type in the
database. In this test every column of every written row has a different value, and each column of the written tables
is compared with the value that it must have.
"""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from asyncpg import Connection, Record

from pocketpay.clearing.footprint import Key
from pocketpay.clearing.repository import units
from pocketpay.clearing.written import StoredKey
from pocketpay.database.composites import Composite
from pocketpay.database.sessions import Session
from pocketpay.database.uuids import uuid7
from pocketpay.ledger.account import Account, Entry
from pocketpay.ledger.repository import postings
from pocketpay.money import Money
from pocketpay.risk.rule import Reason
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import LimitKind
from pocketpay.transactions.repository import usage
from pocketpay.transactions.transaction import Transaction, Type

COMPOSITES: tuple[Composite[Any], ...] = (
    postings.ENTRIES,
    postings.ACCOUNTS,
    units.NEW_TRANSACTIONS,
    units.CHANGED_TRANSACTIONS,
    units.NEW_KEYS,
    usage.CHANGES,
)

NOW = datetime(2026, 3, 4, 5, 6, 7, 89, UTC)
LATER = NOW + timedelta(days=1)

CONSTRAINTS = """
select format('alter table %s drop constraint %I cascade', conrelid::regclass, conname)
from pg_constraint where conrelid = any($1::regclass[]) and contype in ('c', 'f')
"""
WRITTEN = "select relname, n_tup_ins + n_tup_upd from pg_stat_xact_user_tables"
COLUMNS = """
select a.attname, format_type(a.atttypid, null) from pg_type t join pg_attribute a on a.attrelid = t.typrelid
where t.typname = $1 order by a.attnum
"""


def a_transaction(id: UUID, first: int) -> Transaction:
    """A transaction in which no two values of one type are equal. Its numbers begin with `first`."""
    return Transaction(
        id=id,
        type=Type.SEND,
        status=Status.CREATED,
        source_wallet_id=uuid7(),
        destination_wallet_id=uuid7(),
        amount=Money(first, "USD"),
        fee=Money(first + 1, "USD"),
        description="a description",
        bank_name="a bank",
        request_id=uuid7(),
        card_id=uuid7(),
        refund_of=uuid7(),
        refunded=first + 2,
        uncounted=first + 3,
        risk_reasons=(Reason("a rule", {"threshold": "1.00"}),),
        failure_code="a code",
        failure_facts={"required": "2.00"},
        expires_at=NOW + timedelta(hours=first),
        version=first + 4,
        created_at=NOW,
        updated_at=NOW,
        completed_at=NOW + timedelta(hours=first + 1),
    )


def stored_transaction(it: Transaction) -> dict[str, object]:
    return {
        **{each.name: getattr(it, each.name) for each in fields(it)},
        "amount": it.amount.minor,
        "currency": it.amount.currency,
        "fee": it.fee.minor,
        "risk_reasons": [{"rule": one.rule, "facts": one.facts} for one in it.risk_reasons],
        "ask_again_at": NOW + timedelta(seconds=units.FIRST_POLL_SECONDS),
    }


JSON = ("risk_reasons", "failure_facts", "refusals")


async def write(owner: "Connection[Record]", now: datetime, **rows: Any) -> None:
    nothing: dict[str, Any] = {"entries": [], "accounts": [], "inserted": [], "updated": [], "keys": [], "used": {}}
    await units.write(Session(owner), now, **{**nothing, "listed_keys": [], **rows}, payloads=[])


async def compare(owner: "Connection[Record]", table: str, expected: dict[str, object]) -> None:
    """Compares the table's newest row with all columns that the table has."""
    row = await owner.fetchrow(f"select * from {table} order by ctid desc limit 1")
    assert row is not None
    stored = {name: orjson.loads(it) if name in JSON and it is not None else it for name, it in row.items()}
    assert stored == expected


def require_distinct(composite: Composite[Any], row: tuple[object, ...]) -> None:
    """Requires that two values of one type differ. Otherwise no test would notice when they are exchanged."""
    values = list(zip(composite.types.values(), map(str, row), strict=True))
    assert len(set(values)) == len(values), composite.name


async def test_every_column_of_every_written_table_has_the_decided_value(owner: "Connection[Record]") -> None:
    tables = ["ledger_entries", "ledger_accounts", "transactions", "idempotency_keys", "wallet_usage"]
    for (statement,) in await owner.fetch(CONSTRAINTS, tables):
        await owner.execute(statement)
    for table in tables:
        await owner.execute(f"alter table {table} disable trigger user")
    account = Account(uuid7(), "USD", posted=11, held=12, sequence=13, version=14, updated_at=NOW)
    await owner.execute(
        "insert into ledger_accounts (id, kind, currency, posted, held, sequence, version, updated_at) "
        "values ($1, 'wallet', 'USD', 0, 0, 0, 0, $2)",
        account.id,
        LATER,
    )
    new = a_transaction(uuid7(), 100)
    entry = Entry(uuid7(), account.id, new.id, 21, "USD", "wallet", 22, 23, "a leg")
    key, hour = Key(uuid7(), "a key", "an operation", b"a fingerprint"), (uuid7(), LimitKind.DEPOSIT_DAILY, LATER)
    one_row_each: list[object] = [entry, account, new, new, (key, new.id), (hour, 31)]
    for composite, written in zip(COMPOSITES, one_row_each, strict=True):
        require_distinct(composite, composite.rows([written])[0])

    async with owner.transaction():
        before: dict[str, int] = dict([*row] for row in await owner.fetch(WRITTEN))
        await write(
            owner, NOW, entries=[entry], accounts=[account], inserted=[new], keys=[(key, new.id)], used={hour: 31}
        )
        written_rows = {table: rows - before.get(table, 0) for table, rows in await owner.fetch(WRITTEN)}
        assert {table for table, rows in written_rows.items() if rows} == set(tables)

    leg = {each.name: getattr(entry, each.name) for each in fields(entry)}
    await compare(owner, "ledger_entries", {**leg, "created_at": NOW})
    balance = {"posted": 11, "held": 12, "sequence": 13, "version": 14, "updated_at": NOW}
    await compare(owner, "ledger_accounts", {"id": account.id, "kind": "wallet", "currency": "USD", **balance})
    await compare(owner, "transactions", stored_transaction(new))
    result = {"result_ids": [new.id], "refusals": None, "created_at": NOW}
    of_key = {"key": key.text, "operation": key.operation, "fingerprint": key.fingerprint, **result}
    await compare(owner, "idempotency_keys", {"wallet_id": key.wallet_id, **of_key})
    of_batch, refusal = Key(uuid7(), "a longer key", "a batch", b"another"), {"code": "a code"}
    kept = StoredKey(of_batch.operation, of_batch.fingerprint, [uuid7(), uuid7()], [None, refusal])
    await write(owner, NOW, listed_keys=[(of_batch, kept)])
    of_key = {"key": of_batch.text, "operation": "a batch", "fingerprint": b"another", "created_at": NOW}
    results = {"result_ids": kept.results, "refusals": [None, refusal]}
    await compare(owner, "idempotency_keys", {"wallet_id": of_batch.wallet_id, **of_key, **results})
    await compare(owner, "wallet_usage", {"wallet_id": hour[0], "kind": "deposit", "hour": LATER, "amount": 31})

    changed = replace(
        a_transaction(new.id, 200),
        status=Status.COMPLETED,
        risk_reasons=(Reason("another rule", {}),),
        failure_code="another code",
        failure_facts={"available": "3.00"},
        updated_at=LATER,
    )
    await write(owner, LATER, updated=[changed], used={hour: 9})
    changing = {*units.CHANGED_TRANSACTIONS.types, "updated_at"}
    old, now = stored_transaction(new), stored_transaction(changed)
    await compare(owner, "transactions", {name: (now if name in changing else old)[name] for name in old})
    await compare(owner, "wallet_usage", {"wallet_id": hour[0], "kind": "deposit", "hour": LATER, "amount": 40})


async def test_the_types_in_the_database_have_the_same_columns_as_the_code_in_the_same_order(
    owner: "Connection[Record]",
) -> None:
    short = {"timestamp with time zone": "timestamptz"}
    for composite in COMPOSITES:
        stored = [(name, short.get(type_, type_)) for name, type_ in await owner.fetch(COLUMNS, composite.name)]
        assert stored == list(composite.types.items()), composite.name
