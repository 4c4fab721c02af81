"""A small ledger, and movements written as the clearing writes them, for tests that then make them invalid.

Alice has 10.00 (one deposit), Bob 5.00, Emil 7.00 in euros; there are house accounts in both currencies
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import uuid_utils.compat as uuids
from asyncpg import Connection, Record

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

POST = """
with moved as (
    update ledger_accounts a
    set posted = u.posted, held = u.held, sequence = u.sequence, version = u.version
    from jsonb_populate_recordset(null::ledger_accounts, $1) u where a.id = u.id)
insert into ledger_entries select * from jsonb_populate_recordset(null::ledger_entries, $2)
"""
"""Writes accounts and entries in one statement."""

MOVE = """
update ledger_accounts a set posted = u.posted, held = u.held, sequence = u.sequence, version = u.version
from jsonb_populate_recordset(null::ledger_accounts, $1) u where a.id = u.id
"""
ENTER = "insert into ledger_entries select * from jsonb_populate_recordset(null::ledger_entries, $1)"

INTEND = "insert into transactions select * from jsonb_populate_recordset(null::transactions, $1)"

EVERYTHING = """
select md5(string_agg(line, ' ' order by line)) from (
    select 'account ' || a::text from ledger_accounts a union all select 'entry ' || e::text from ledger_entries e
    union all select 'transaction ' || t::text from transactions t
    union all select 'wallet ' || w::text from wallets w
    union all select 'key ' || k::text from idempotency_keys k) lines(line)
"""


@dataclass(frozen=True)
class AccountRow:
    id: UUID
    kind: str = "wallet"
    currency: str = "USD"
    posted: int = 0
    held: int = 0
    sequence: int = 0
    version: int = 0
    updated_at: datetime = NOON


@dataclass(frozen=True)
class EntryRow:
    account_id: UUID
    transaction_id: UUID
    amount: int
    kind: str = "wallet"
    sequence: int | None = None
    balance_after: int | None = None
    currency: str = "USD"
    description: str = "Lunch"
    created_at: datetime = NOON
    id: UUID = field(default_factory=uuids.uuid7)


@dataclass(frozen=True)
class TransactionRow:
    """A row of `transactions`; by default a completed payment."""

    source_wallet_id: UUID | None
    destination_wallet_id: UUID | None
    amount: int = 100
    type: str = "send"
    status: str = "completed"
    currency: str = "USD"
    fee: int = 0
    description: str = "Lunch"
    bank_name: str | None = None
    refunded: int = 0
    uncounted: int = 0
    risk_reasons: tuple[object, ...] = ()
    failure_code: str | None = None
    failure_facts: object = None
    expires_at: datetime | None = None
    version: int = 1
    created_at: datetime = NOON
    updated_at: datetime = NOON
    completed_at: datetime | None = NOON
    id: UUID = field(default_factory=uuids.uuid7)


@dataclass(frozen=True)
class Movement:
    """A completed transaction, its entries, and the accounts as they are after it."""

    transaction: TransactionRow
    entries: tuple[EntryRow, ...]
    accounts: tuple[AccountRow, ...]

    def with_entry(self, place: int, **twists: Any) -> "Movement":
        entries = list(self.entries)
        entries[place] = replace(entries[place], **twists)
        return replace(self, entries=tuple(entries))

    def with_account(self, place: int, **twists: Any) -> "Movement":
        accounts = list(self.accounts)
        accounts[place] = replace(accounts[place], **twists)
        return replace(self, accounts=tuple(accounts))

    def with_transaction(self, **twists: Any) -> "Movement":
        return replace(self, transaction=replace(self.transaction, **twists))


@dataclass(frozen=True)
class Scene:
    """The accounts of the ledger, with their balances."""

    alice: AccountRow
    bob: AccountRow
    emil: AccountRow
    bank: AccountRow
    euro_bank: AccountRow
    deposit: Movement
    """The deposit that Alice's money comes from."""


def deposit(bank: AccountRow, wallet: AccountRow, amount: int) -> Movement:
    """A deposit from the bank account to the wallet."""
    intent = TransactionRow(None, wallet.id, amount, type="deposit", currency=wallet.currency)
    after = _after(wallet, amount)
    legs = (_entry(after, intent, amount), _house_entry(bank, intent, -amount))
    return Movement(intent, legs, (after,))


def payment(payer: AccountRow, payee: AccountRow, amount: int = 100) -> Movement:
    """A payment from one wallet to the other; in entries and accounts the payer is first."""
    intent = TransactionRow(payer.id, payee.id, amount, currency=payer.currency)
    payer_after, payee_after = _after(payer, -amount), _after(payee, amount)
    legs = (_entry(payer_after, intent, -amount), _entry(payee_after, intent, amount))
    return Movement(intent, legs, (payer_after, payee_after))


def _after(account: AccountRow, amount: int) -> AccountRow:
    return replace(
        account, posted=account.posted + amount, sequence=account.sequence + 1, version=account.version + 1
    )


def _entry(after: AccountRow, intent: TransactionRow, amount: int) -> EntryRow:
    return EntryRow(
        after.id, intent.id, amount, sequence=after.sequence, balance_after=after.posted, currency=after.currency
    )


def _house_entry(house: AccountRow, intent: TransactionRow, amount: int) -> EntryRow:
    return EntryRow(house.id, intent.id, amount, kind=house.kind, currency=house.currency)


async def open_books(owner: "Connection[Record]") -> Scene:
    """Writes the house accounts and the wallets."""
    bank, euro_bank = (AccountRow(uuids.uuid7(), "bank", currency) for currency in ("USD", "EUR"))
    house = [bank, euro_bank, AccountRow(uuids.uuid7(), "promotions"), AccountRow(uuids.uuid7(), "fees")]
    people = [AccountRow(uuids.uuid7(), currency=currency) for currency in ("USD", "USD", "EUR")]
    await owner.execute(
        "insert into ledger_accounts select * from jsonb_populate_recordset(null::ledger_accounts, $1)",
        lines([*house, *people]),
    )
    await owner.executemany(
        "insert into wallets values ($1, 'wallet', $2, 'active', null, null, $3, $3)",
        [(person.id, person.currency, NOON) for person in people],
    )
    await owner.executemany(
        "insert into users (id, username, name, password_hash, role, wallet_id, created_at, updated_at) "
        "values ($1, $2, initcap($2::varchar), 'none', 'member', $3, $4, $4)",
        [
            (uuids.uuid7(), name, person.id, NOON)
            for name, person in zip(("alice", "bob", "emil"), people, strict=True)
        ],
    )
    deposits = [
        deposit(bank if person.currency == "USD" else euro_bank, person, amount)
        for person, amount in zip(people, (1_000, 500, 700), strict=True)
    ]
    for movement in deposits:
        await carry_out(owner, movement)
    alice, bob, emil = (movement.accounts[0] for movement in deposits)
    return Scene(alice, bob, emil, bank, euro_bank, deposits[0])


async def carry_out(connection: "Connection[Record]", movement: Movement) -> None:
    """Writes the transaction, the entries and the accounts of a movement."""
    async with connection.transaction():
        await intend(connection, movement.transaction)
        await connection.execute(POST, lines(movement.accounts), lines(movement.entries))


async def intend(connection: "Connection[Record]", *transactions: TransactionRow) -> None:
    await connection.execute(INTEND, lines(transactions))


def lines(rows: Sequence[AccountRow | EntryRow | TransactionRow]) -> str:
    """Returns the rows as JSON for jsonb_populate_recordset."""
    return json.dumps([asdict(row) for row in rows], default=str)
