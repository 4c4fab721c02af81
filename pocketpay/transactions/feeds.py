"""Live transactions: one by its id, all changes of a wallet, and the payments that await their sender's answer.

A feed reads whole transactions. `visibility.py` decides which parts of one an owner may see.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from pocketpay.database.sessions import Database
from pocketpay.transactions.repository import changes, lookups
from pocketpay.transactions.transaction import Transaction
from pocketpay.updates.changes import PAGE, Changes, Place, Sides
from pocketpay.updates.feed import Feed
from pocketpay.updates.hub import Hub
from pocketpay.updates.signals import Signal


def transaction_feed(database: Database) -> Feed[Transaction]:
    """Returns a feed of the current state of transactions, by id."""

    async def read(ids: Sequence[UUID]) -> Mapping[UUID, Transaction]:
        return await database.query(lookups.by_ids, ids)

    return Feed[Transaction](
        "transactions",
        read=read,
        concerns=lambda signal: signal.transactions,
        newer=lambda one, other: one.version > other.version,
    )


def awaiting_feed(database: Database) -> Feed[tuple[Transaction, ...]]:
    """Returns a feed of the payments that await the answer of a wallet's owner, by wallet id."""

    async def read(wallet_ids: Sequence[UUID]) -> Mapping[UUID, tuple[Transaction, ...]]:
        return await database.query(changes.awaiting, wallet_ids)

    return Feed[tuple[Transaction, ...]](
        "awaiting", read=read, concerns=_payers, newer=lambda now, before: now != before
    )


def transaction_changes(database: Database, hub: Hub) -> Changes[Transaction]:
    """Returns the changes of transactions, for the wallets on both sides."""

    async def read(ids: Sequence[UUID]) -> Mapping[UUID, Transaction]:
        return await database.query(lookups.by_ids, ids)

    async def read_since(wanted: Sequence[tuple[UUID, Place]]) -> Sequence[Sequence[Transaction]]:
        return await database.query(changes.since, wanted, limit=PAGE)

    return Changes[Transaction](
        "changes",
        concerns=_sides,
        read=read,
        read_since=read_since,
        count_since=changes.count_since,
        since=hub.since,
    )


def _sides(signal: Signal) -> Iterable[tuple[UUID, Sides]]:
    return ((id, (item.source_wallet_id, item.destination_wallet_id)) for id, item in signal.transactions.items())


def _payers(signal: Signal) -> Iterable[UUID]:
    return (item.source_wallet_id for item in signal.transactions.values() if item.source_wallet_id is not None)
