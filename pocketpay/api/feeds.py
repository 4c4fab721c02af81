"""The feeds behind the subscriptions: what each reads, for all who watch on this server at once.

    balances        by wallet          balanceChanged
    awaiting        by wallet          riskConfirmationRequested
    transactions    by transaction     transactionUpdated(id:)
    changes         by wallet          transactionUpdated
    requests        by wallet          moneyRequestUpdated

Whoever watches says for whom: what an owner may see of a transaction is `payments.seen`'s to say.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from pocketpay.database.sessions import Database
from pocketpay.requests import repository as requests
from pocketpay.requests.money_request import MoneyRequest
from pocketpay.transactions.repository import changes, lookups
from pocketpay.transactions.transaction import Transaction
from pocketpay.updates.changes import PAGE, Changes, Place, Sides
from pocketpay.updates.feed import Feed
from pocketpay.updates.hub import Hub
from pocketpay.updates.signals import Signal
from pocketpay.wallets import repository as wallets
from pocketpay.wallets.balance import Balance

UNSETTLED = timedelta(hours=1)
"""Beyond the time a payment may await its answer: so long the bank may take over one, and a gap still tells of it."""


class Feeds:
    """This server's feeds; parties of its hub."""

    def __init__(self, database: Database, hub: Hub, *, confirmation: timedelta) -> None:
        self._database = database
        self._lifetime = confirmation + UNSETTLED
        self.balances = Feed[Balance](
            "balances", read=self._balances, concerns=lambda signal: signal.wallets, newer=_newer_balance
        )
        self.awaiting = Feed[tuple[Transaction, ...]](
            "awaiting", read=self._awaiting, concerns=_payers, newer=lambda now, before: now != before
        )
        self.transactions = Feed[Transaction](
            "transactions",
            read=self._transactions,
            concerns=lambda signal: signal.transactions,
            newer=lambda one, other: one.version > other.version,
        )
        self.changes = Changes[Transaction](
            "changes",
            concerns=_sides_of_transactions,
            read=self._transactions,
            read_since=self._changed_since,
            since=hub.since,
        )
        self.requests = Changes[MoneyRequest](
            "requests",
            concerns=_sides_of_requests,
            read=self._requests,
            read_since=self._requests_changed_since,
            since=hub.since,
        )
        parties = (self.balances, self.awaiting, self.transactions, self.changes, self.requests)
        for party in parties:
            hub.join(party)
        self._pumps = tuple(party.pump for party in parties)

    def start(self) -> None:
        """Begins to read what is signalled; needs a running event loop."""
        for pump in self._pumps:
            pump.start()

    async def close(self) -> None:
        """Reads no more."""
        await asyncio.gather(*(pump.close() for pump in self._pumps))

    async def _balances(self, wallet_ids: Sequence[UUID]) -> Mapping[UUID, Balance]:
        async with self._database.read() as session:
            return await wallets.balances(session, wallet_ids)

    async def _awaiting(self, wallet_ids: Sequence[UUID]) -> Mapping[UUID, tuple[Transaction, ...]]:
        async with self._database.read() as session:
            return await changes.awaiting(session, wallet_ids)

    async def _transactions(self, ids: Sequence[UUID]) -> Mapping[UUID, Transaction]:
        async with self._database.read() as session:
            return await lookups.by_ids(session, ids)

    async def _changed_since(self, wanted: Sequence[tuple[UUID, Place]]) -> Sequence[Sequence[Transaction]]:
        async with self._database.read() as session:
            return await changes.since(session, wanted, lifetime=self._lifetime, limit=PAGE)

    async def _requests(self, ids: Sequence[UUID]) -> Mapping[UUID, MoneyRequest]:
        async with self._database.read() as session:
            return await requests.by_ids(session, ids)

    async def _requests_changed_since(self, wanted: Sequence[tuple[UUID, Place]]) -> Sequence[Sequence[MoneyRequest]]:
        async with self._database.read() as session:
            return await requests.since(session, wanted, limit=PAGE)


def _newer_balance(one: Balance, other: Balance) -> bool:
    """A freeze changes a wallet's standing and no balance, so its version stays."""
    return one.version > other.version or (one.version == other.version and one.standing != other.standing)


def _sides_of_transactions(signal: Signal) -> Iterable[tuple[UUID, Sides]]:
    return ((id, (told.source_wallet_id, told.destination_wallet_id)) for id, told in signal.transactions.items())


def _sides_of_requests(signal: Signal) -> Iterable[tuple[UUID, Sides]]:
    return ((id, (told.requester_wallet_id, told.payer_wallet_id)) for id, told in signal.requests.items())


def _payers(signal: Signal) -> Iterable[UUID]:
    return (told.source_wallet_id for told in signal.transactions.values() if told.source_wallet_id is not None)
