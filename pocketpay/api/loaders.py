"""What is asked for one by one is read together.

Reads      one for each server: joined over all operations, remembering nothing
Loaders    one for each operation: for what only a viewer's own wallet can be asked about
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from pocketpay.cards import listing as cards
from pocketpay.cards.card import Card
from pocketpay.database.sessions import Database, ReadAccess, Session
from pocketpay.identity.reads import PeopleReads
from pocketpay.ledger import entries, point, statement
from pocketpay.ledger.entries import PostedEntry
from pocketpay.ledger.month import Month
from pocketpay.ledger.point import Point
from pocketpay.ledger.statement import Statement, Totals
from pocketpay.payments.desk import Desk
from pocketpay.requests import listing
from pocketpay.requests.money_request import MoneyRequest
from pocketpay.transactions import history
from pocketpay.transactions.allowance import allowances
from pocketpay.transactions.limits import Limit
from pocketpay.transactions.lookups import joined_lookups
from pocketpay.transactions.transaction import Transaction
from pocketpay.wallets.reads import WalletReads

Key = TypeVar("Key")
Value = TypeVar("Value")


class Reads:
    """One server's joined reads.

    users            users by their own id
    profiles         people by the wallet that is theirs; those who have left too
    profiles_by_id   people by their user id; not those who have left
    balances         wallets by id, as they are now
    owners           users by the wallet that is theirs; for operators
    sessions         live sessions by their user's id; for operators
    whole            transactions by id, both sides of them; for operators
    freeze_reasons   why wallets are frozen, by wallet; for operators
    """

    def __init__(self, database: Database) -> None:
        people, wallets = PeopleReads(database), WalletReads(database)
        self.users, self.owners, self.sessions = people.users, people.owners, people.sessions
        self.profiles, self.profiles_by_id = people.profiles, people.profiles_by_id
        self.balances, self.freeze_reasons = wallets.balances, wallets.freeze_reasons
        self.whole = joined_lookups(database)


class Loader(DataLoader[Key, Value]):
    """A data loader whose answers belong to the field that asked.

    When a field fails, its neighbours are cancelled. Fields of other branches may wait for the same key: they go on.
    """

    def load(self, key: Key) -> "asyncio.Future[Value]":
        return asyncio.shield(super().load(key))


class Loaders:
    """One operation's loaders; each is made when it is first asked."""

    def __init__(self, database: ReadAccess, desk: Desk, reads: Reads) -> None:
        self._database, self._desk = database, desk
        self.users = reads.users
        self.profiles = reads.profiles
        self.profiles_by_id = reads.profiles_by_id
        self.balances = reads.balances
        self.owners = reads.owners
        self.sessions = reads.sessions
        self.whole = reads.whole
        self.freeze_reasons = reads.freeze_reasons

    @cached_property
    def transactions(self) -> "Loader[tuple[UUID, UUID], Transaction | None]":
        """Transactions by wallet and id, as that wallet's owner sees them."""
        return self._loader(_by_wallet(history.find))

    @cached_property
    def refunds(self) -> "Loader[tuple[UUID, UUID], tuple[Transaction, ...] | None]":
        """What was given back of a transaction by wallet and its id, as that wallet's owner sees it."""
        return self._loader(_by_wallet(history.refunds))

    @cached_property
    def money_requests(self) -> "Loader[tuple[UUID, UUID], MoneyRequest | None]":
        """Money requests by wallet and id, where that wallet is a side of them."""
        return self._loader(_by_wallet(listing.find))

    @cached_property
    def latest_payments(self) -> "Loader[tuple[UUID, UUID], Transaction | None]":
        """The latest attempt to pay a money request by wallet and request, as that wallet's owner sees it."""
        return self._loader(_by_wallet(history.latest_payments))

    @cached_property
    def entries(self) -> "Loader[tuple[UUID, UUID], PostedEntry | None]":
        """A wallet's own lines in the books by wallet and id."""
        return self._loader(_by_wallet(entries.by_ids))

    @cached_property
    def own_entries(self) -> "Loader[tuple[UUID, UUID], PostedEntry | None]":
        """A wallet's own lines in the books by wallet and transaction."""
        return self._loader(_by_wallet(entries.of_transactions))

    @cached_property
    def cards(self) -> "Loader[tuple[UUID, UUID], Card | None]":
        """A wallet's own cards by wallet and id."""
        return self._loader(_by_wallet(cards.find))

    @cached_property
    def points(self) -> "Loader[tuple[UUID, datetime], Point | None]":
        """Where a wallet stood, by wallet and the moment just after."""
        return self._loader(_by_wallet(point.points))

    @cached_property
    def statements(self) -> "Loader[tuple[UUID, Month], Statement | None]":
        """A wallet's statements by wallet and month."""
        return self._loader(_by_wallet(statement.statements))

    @cached_property
    def totals(self) -> "Loader[Statement, Totals]":
        """What the entries of statements sum to."""

        async def load(wanted: list[Statement]) -> list[Totals]:
            return [await statement.totals(self._database, one) for one in wanted]

        return Loader(load_fn=load)

    @cached_property
    def limits(self) -> "Loader[tuple[UUID, str], tuple[Limit, ...] | None]":
        """A wallet's limits by the wallet and its currency, as they are now."""

        async def read(
            session: Session, wallets: Sequence[tuple[UUID, str]]
        ) -> dict[tuple[UUID, str], tuple[Limit, ...]]:
            return await allowances(session, self._desk.terms.limits, wallets)

        return self._loader(read)

    def _loader(
        self, read: Callable[[Session, Sequence[Key]], Awaitable[Mapping[Key, Value]]]
    ) -> "Loader[Key, Value | None]":
        async def load(keys: list[Key]) -> list[Value | None]:
            found = await self._database.query(read, keys)
            return [found.get(key) for key in keys]

        return Loader(load_fn=load)


def _by_wallet(
    read: Callable[[Session, UUID, Sequence[Key]], Awaitable[Mapping[Key, Value]]],
) -> Callable[[Session, Sequence[tuple[UUID, Key]]], Awaitable[Mapping[tuple[UUID, Key], Value]]]:
    """A read of one wallet's things, asked by wallet and what each is known by. An operation has one
    viewer, so this is one read.
    """

    async def read_pairs(session: Session, pairs: Sequence[tuple[UUID, Key]]) -> Mapping[tuple[UUID, Key], Value]:
        found: dict[tuple[UUID, Key], Value] = {}
        for wallet_id in {wallet_id for wallet_id, _ in pairs}:
            known = await read(session, wallet_id, [key for wallet, key in pairs if wallet == wallet_id])
            found |= {(wallet_id, key): value for key, value in known.items()}
        return found

    return read_pairs
