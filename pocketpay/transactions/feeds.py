"""Transactions, live: one by its id, all changes of a wallet's, and what awaits its sender's answer.

A feed reads transactions whole. What an owner may see of one is `visibility.py`'s to say.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from pocketpay.database.sessions import Database, Session
from pocketpay.transactions.repository import changes, lookups
from pocketpay.transactions.transaction import Transaction
from pocketpay.updates.changes import PAGE, Changes, Place, Sides
from pocketpay.updates.feed import Feed
from pocketpay.updates.hub import Hub
from pocketpay.updates.signals import Signal

UNSETTLED = timedelta(hours=1)
"""How long the bank may take over an order, and a subscriber that was cut off is still told of it. It comes on top of
the time a payment may await its answer."""


def transaction_feed(database: Database) -> Feed[Transaction]:
    """The live state of transactions, by id."""

    async def read(ids: Sequence[UUID]) -> Mapping[UUID, Transaction]:
        return await database.query(lookups.by_ids, ids)

    return Feed[Transaction](
        "transactions",
        read=read,
        concerns=lambda signal: signal.transactions,
        newer=lambda one, other: one.version > other.version,
    )


def awaiting_feed(database: Database) -> Feed[tuple[Transaction, ...]]:
    """The payments of a wallet that await its owner's answer, by wallet."""

    async def read(wallet_ids: Sequence[UUID]) -> Mapping[UUID, tuple[Transaction, ...]]:
        return await database.query(changes.awaiting, wallet_ids)

    return Feed[tuple[Transaction, ...]](
        "awaiting", read=read, concerns=_payers, newer=lambda now, before: now != before
    )


def transaction_changes(database: Database, hub: Hub, *, confirmation: timedelta) -> Changes[Transaction]:
    """The changes of transactions, for both of their sides. `confirmation` is how long an answer is awaited."""
    lifetime = confirmation + UNSETTLED

    async def read(ids: Sequence[UUID]) -> Mapping[UUID, Transaction]:
        return await database.query(lookups.by_ids, ids)

    async def read_since(wanted: Sequence[tuple[UUID, Place]]) -> Sequence[Sequence[Transaction]]:
        return await database.query(changes.since, wanted, lifetime=lifetime, limit=PAGE)

    async def count_since(session: Session, wallet_id: UUID, place: Place, most: int) -> tuple[datetime, int]:
        return await changes.count_since(session, wallet_id, place, lifetime=lifetime, most=most)

    return Changes[Transaction](
        "changes", concerns=_sides, read=read, read_since=read_since, count_since=count_since, since=hub.since
    )


def _sides(signal: Signal) -> Iterable[tuple[UUID, Sides]]:
    return ((id, (told.source_wallet_id, told.destination_wallet_id)) for id, told in signal.transactions.items())


def _payers(signal: Signal) -> Iterable[UUID]:
    return (told.source_wallet_id for told in signal.transactions.values() if told.source_wallet_id is not None)
