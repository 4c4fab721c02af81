"""Rows that refer to a row that does not exist, and ways to insert them: for tests of the guards that replace foreign
keys (decision 46)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import uuid_utils.compat as uuids

from tests.ledger.attempts import Writer, honest
from tests.ledger.books import MOVE, AccountRow, EntryRow, Movement, Scene, TransactionRow, intend, lines

ACCOUNT = "ledger_entries_account"
TRANSACTION = "ledger_entries_transaction"
SOURCE = "transactions_source_wallet"
DESTINATION = "transactions_destination_wallet"

COLUMNS = {
    "ledger_entries": tuple(EntryRow.__dataclass_fields__),
    "transactions": tuple(TransactionRow.__dataclass_fields__),
}
ROWS = "select {names} from jsonb_populate_recordset(null::{table}, $1)"
INSERT = "insert into {table} ({names}) " + ROWS

ON_CONFLICT = "on conflict do update"
WAYS = {
    "insert": INSERT,
    "insert that returns its rows": INSERT + " returning *",
    "insert in a CTE": f"with written as ({INSERT} returning 1) select count(*) from written",
    "two inserts in one statement": (f"with first as ({INSERT} limit 1 returning 1) {INSERT} offset 1"),
    "on conflict do nothing": INSERT + " on conflict do nothing",
    ON_CONFLICT: INSERT + " on conflict (id) do update set created_at = excluded.created_at",
    "merge": (
        "merge into {table} t using (" + ROWS + ") u on false "
        "when not matched then insert ({names}) values ({values})"
    ),
    "insert in a function": (
        "do $do$ begin perform set_config('tests.rows', $rows${rows}$rows$, true); "
        "insert into {table} ({names}) select {names} "
        "from jsonb_populate_recordset(null::{table}, current_setting('tests.rows')::jsonb); end $do$"
    ),
    "copy": "copy",
}
"""The statements by which rows get into a table. The server has no right to execute ON_CONFLICT."""


async def insert(writer: Writer, table: str, rows: str, way: str) -> None:
    """Inserts the rows, which are a JSON list, in that way."""
    names = COLUMNS[table]
    if WAYS[way] == "copy":
        found = await writer.fetch(ROWS.format(table=table, names=", ".join(names)), rows)
        await writer.copy_records_to_table(table, records=[tuple(row) for row in found], columns=names)
        return
    parts = {"table": table, "names": ", ".join(names), "rows": rows}
    statement = WAYS[way].format(values=", ".join(f"u.{name}" for name in names), **parts)
    await (writer.execute(statement) if "$do$" in statement else writer.fetch(statement, rows))


@dataclass(frozen=True)
class Orphan:
    """Rows of which one refers to nothing, and the constraint that must refuse them. `before` prepares the rest."""

    table: str
    rows: str
    constraint: str
    before: Callable[[Writer], Awaitable[Any]]


Attempt = Callable[[Scene], Orphan]


def _of_entries(constraint: str, twist: Callable[[Scene, Movement], Movement], *, intended: bool = True) -> Attempt:
    """Entries that are wrong in one way; their accounts and, if `intended`, their transaction are written first."""

    def attempt(scene: Scene) -> Orphan:
        movement = twist(scene, honest(scene))

        async def before(writer: Writer) -> None:
            if intended:
                await intend(writer, movement.transaction)
            await writer.execute(MOVE, lines(movement.accounts))

        return Orphan("ledger_entries", lines(movement.entries), constraint, before)

    return attempt


def _of_transactions(constraint: str, wrong: Callable[[Scene], TransactionRow]) -> Attempt:
    """A transaction that is wrong in one way, between two that are right."""

    def attempt(scene: Scene) -> Orphan:
        right = [TransactionRow(scene.alice.id, scene.bob.id, **FAILED) for _ in range(2)]
        return Orphan("transactions", lines([right[0], wrong(scene), right[1]]), constraint, _nothing)

    return attempt


async def _nothing(writer: Writer) -> None:
    """Nothing is needed."""


FAILED: dict[str, Any] = {"status": "failed", "failure_code": "RISK_BLOCKED", "completed_at": None}
"""A transaction that moves no money, so that no other guard sees it."""


def _house(movement: Movement, kind: str, **twists: Any) -> Movement:
    """The second entry as one of a house account of that kind; its wallet's account stays as it is."""
    entry = replace(movement.entries[1], kind=kind, sequence=None, balance_after=None, **twists)
    return replace(movement, entries=(movement.entries[0], entry), accounts=movement.accounts[:1])


def _in_euros(movement: Movement) -> Movement:
    return movement.with_entry(0, currency="EUR").with_entry(1, currency="EUR")


def _of_another_transaction(movement: Movement) -> Movement:
    unknown = uuids.uuid7()
    return movement.with_entry(0, transaction_id=unknown).with_entry(1, transaction_id=unknown)


ORPHANS: dict[str, Attempt] = {
    "an account that does not exist": _of_entries(
        ACCOUNT,
        lambda _, m: replace(
            m.with_entry(1, account_id=uuids.uuid7(), sequence=1, balance_after=100), accounts=m.accounts[:1]
        ),
    ),
    "a house account that does not exist": _of_entries(
        ACCOUNT, lambda _, m: _house(m, "bank", account_id=uuids.uuid7())
    ),
    "the account of another currency": _of_entries(
        ACCOUNT, lambda _, m: _in_euros(m.with_transaction(currency="EUR"))
    ),
    "the house account of another currency": _of_entries(
        ACCOUNT, lambda s, m: _house(m, "bank", account_id=s.euro_bank.id)
    ),
    "the house account of another kind": _of_entries(ACCOUNT, lambda s, m: _house(m, "fees", account_id=s.bank.id)),
    "a wallet's account as a house account": _of_entries(ACCOUNT, lambda _, m: _house(m, "bank")),
    "a house account as a wallet's": _of_entries(
        ACCOUNT,
        lambda s, m: replace(
            m.with_entry(1, account_id=s.bank.id, sequence=1, balance_after=100), accounts=m.accounts[:1]
        ),
    ),
    "a transaction that does not exist": _of_entries(TRANSACTION, lambda _, m: _of_another_transaction(m)),
    "a transaction that is written later": _of_entries(TRANSACTION, lambda _, m: m, intended=False),
    "the transaction of another currency": _of_entries(TRANSACTION, lambda _, m: m.with_transaction(currency="EUR")),
    "a source that does not exist": _of_transactions(
        SOURCE, lambda s: TransactionRow(uuids.uuid7(), s.bob.id, **FAILED)
    ),
    "a destination that does not exist": _of_transactions(
        DESTINATION, lambda s: TransactionRow(s.alice.id, uuids.uuid7(), **FAILED)
    ),
    "wallets that do not exist": _of_transactions(
        SOURCE, lambda s: TransactionRow(uuids.uuid7(), uuids.uuid7(), **FAILED)
    ),
    "a deposit to a wallet that does not exist": _of_transactions(
        DESTINATION, lambda s: TransactionRow(None, uuids.uuid7(), type="deposit", **FAILED)
    ),
    "a withdrawal from a wallet that does not exist": _of_transactions(
        SOURCE, lambda s: TransactionRow(uuids.uuid7(), None, type="withdrawal", **FAILED)
    ),
    "an account as a source": _of_transactions(SOURCE, lambda s: TransactionRow(s.bank.id, s.bob.id, **FAILED)),
    "an account as a destination": _of_transactions(
        DESTINATION, lambda s: TransactionRow(s.alice.id, s.bank.id, **FAILED)
    ),
}


async def open_wallet(writer: Writer) -> UUID:
    """Writes an account and its wallet, to which nothing refers."""
    account = AccountRow(uuids.uuid7())
    await writer.execute(
        "insert into ledger_accounts select * from jsonb_populate_recordset(null::ledger_accounts, $1)",
        lines([account]),
    )
    await writer.execute(
        "insert into wallets values ($1, 'wallet', 'USD', 'active', null, null, now(), now())", account.id
    )
    return account.id
