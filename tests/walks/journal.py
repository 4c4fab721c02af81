"""Replays the journal: computes every balance again from the transactions, and compares each step with its entry.

Here the legs of a transaction follow from its row alone, without the product's code and without the ledger's guards.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from asyncpg import Connection, Record

ENTRIES = """
select e.transaction_id, e.account_id, a.kind, e.amount, e.sequence, e.balance_after
from ledger_entries e join ledger_accounts a on a.id = e.account_id order by e.account_id, e.sequence
"""
TRANSACTIONS = """
select id, type, status, source_wallet_id, destination_wallet_id, amount, fee from transactions
"""
ACCOUNTS = "select id, kind, posted, held, sequence from ledger_accounts"
HELD = "pending_confirmation"

Row: TypeAlias = dict[str, Any]


class Entry(NamedTuple):
    transaction_id: UUID
    account_id: UUID
    kind: str
    amount: int
    sequence: int | None
    balance_after: int | None


@dataclass
class Journal:
    """All entries in the order of their wallets, and all transactions and accounts by id."""

    entries: list[Entry]
    transactions: dict[UUID, Row]
    accounts: dict[UUID, Row]

    def problems(self) -> list[str]:
        """Returns everything that is wrong."""
        return [
            *_chains(self.entries, self.accounts),
            *_legs(self.entries, self.transactions),
            *_holds(self.transactions, self.accounts),
        ]


async def read(connection: "Connection[Record]") -> Journal:
    """Reads the journal of the whole database at one moment."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return Journal(
            [Entry(*row) for row in await connection.fetch(ENTRIES)],
            {row["id"]: dict(row) for row in await connection.fetch(TRANSACTIONS)},
            {row["id"]: dict(row) for row in await connection.fetch(ACCOUNTS)},
        )


async def problems(connection: "Connection[Record]") -> list[str]:
    """Returns what is wrong in the whole database."""
    return (await read(connection)).problems()


def _chains(entries: list[Entry], accounts: dict[UUID, Row]) -> Iterator[str]:
    """Each wallet's entries are numbered from 1 without a gap, and each has the balance after it, never negative."""
    balances: dict[UUID, int] = defaultdict(int)
    lengths: dict[UUID, int] = defaultdict(int)
    for entry in entries:
        balances[entry.account_id] += entry.amount
        lengths[entry.account_id] += 1
        reached = lengths[entry.account_id], balances[entry.account_id]
        if entry.kind == "wallet" and (reached[1] < 0 or reached != (entry.sequence, entry.balance_after)):
            yield f"account {entry.account_id}: entry {entry.sequence} leaves {entry.balance_after}, not {reached}"
    for id, account in accounts.items():
        if account["kind"] == "wallet" and (account["posted"], account["sequence"]) != (balances[id], lengths[id]):
            yield f"account {id}: {account['posted']} is not the sum {balances[id]} of its {lengths[id]} entries"


def _legs(entries: list[Entry], transactions: dict[UUID, Row]) -> Iterator[str]:
    """A completed transaction has exactly the entries that follow from its row. Others have none."""
    made: dict[UUID, list[tuple[UUID, int]]] = defaultdict(list)
    sums: dict[UUID, int] = defaultdict(int)
    for entry in entries:
        sums[entry.transaction_id] += entry.amount
        if entry.kind == "wallet":
            made[entry.transaction_id].append((entry.account_id, entry.amount))
    for id, transaction in transactions.items():
        wanted = []
        if transaction["status"] == "completed":
            if (source := transaction["source_wallet_id"]) is not None:
                wanted.append((source, -transaction["amount"] - transaction["fee"]))
            if (destination := transaction["destination_wallet_id"]) is not None:
                wanted.append((destination, transaction["amount"]))
        if sorted(made[id]) != sorted(wanted) or sums[id] != 0:
            yield f"transaction {id}: its entries are {made[id]}, sum {sums[id]}, and should be {wanted}"
    for id in made.keys() - transactions.keys():
        yield f"transaction {id}: it has entries and no row"


def _holds(transactions: dict[UUID, Row], accounts: dict[UUID, Row]) -> Iterator[str]:
    """Each wallet holds what its unfinished payments need, and at most what it has."""
    held: dict[UUID, int] = defaultdict(int)
    for one in transactions.values():
        unfinished = one["status"] == HELD or (one["status"], one["type"]) == ("created", "withdrawal")
        if unfinished and one["source_wallet_id"] is not None:
            held[one["source_wallet_id"]] += one["amount"] + one["fee"]
    for id, account in accounts.items():
        if account["kind"] == "wallet" and (account["held"] != held[id] or account["held"] > account["posted"]):
            yield f"account {id}: holds {account['held']} of {account['posted']}, and its payments need {held[id]}"
