"""Data loaders: reads of single objects that are requested at the same time are joined into one query.

Reads      one per server: joins the reads of all operations; caches nothing
Loaders    one per operation: reads that depend on the viewer's wallet, and the Reads of the server
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from pocketpay.bank_accounts import listing as bank_accounts
from pocketpay.bank_accounts.bank_account import BankAccount
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
    """The joined reads of one server.

    users                users by user id
    profiles             profiles by wallet id, including users who have closed their wallet
    profiles_by_id       profiles by user id, without users who have closed their wallet
    balances             wallets with their current balance, by wallet id
    owners               users by wallet id; for operators
    sessions             active sessions by user id; for operators
    full_transactions    transactions with all fields, by transaction id; for operators
    freeze_reasons       why wallets are frozen, by wallet id; for operators
    """

    def __init__(self, database: Database) -> None:
        people, wallets = PeopleReads(database), WalletReads(database)
        self.users, self.owners, self.sessions = people.users, people.owners, people.sessions
        self.profiles, self.profiles_by_id = people.profiles, people.profiles_by_id
        self.balances, self.freeze_reasons = wallets.balances, wallets.freeze_reasons
        self.full_transactions = joined_lookups(database)


class Loader(DataLoader[Key, Value]):
    """A data loader in which cancelling one field does not cancel others that wait for the same key.

    When a field fails, its sibling fields are cancelled. Fields elsewhere in the document may wait for the same key.
    """

    def load(self, key: Key) -> "asyncio.Future[Value]":
        return asyncio.shield(super().load(key))


class Loaders:
    """The loaders of one operation. Each loader is created on first use."""

    def __init__(self, database: ReadAccess, desk: Desk, reads: Reads) -> None:
        self._database, self._desk = database, desk
        self.users = reads.users
        self.profiles = reads.profiles
        self.profiles_by_id = reads.profiles_by_id
        self.balances = reads.balances
        self.owners = reads.owners
        self.sessions = reads.sessions
        self.full_transactions = reads.full_transactions
        self.freeze_reasons = reads.freeze_reasons

    @cached_property
    def transactions(self) -> "Loader[tuple[UUID, UUID], Transaction | None]":
        """Transactions by wallet id and transaction id, as the wallet's owner sees them."""
        return self._loader(_by_wallet(history.find))

    @cached_property
    def refunds(self) -> "Loader[tuple[UUID, UUID], tuple[Transaction, ...] | None]":
        """The refunds of a transaction, by wallet id and transaction id, as the wallet's owner sees them."""
        return self._loader(_by_wallet(history.refunds))

    @cached_property
    def money_requests(self) -> "Loader[tuple[UUID, UUID], MoneyRequest | None]":
        """Money requests by wallet id and request id. The wallet must be the requester's or the payer's."""
        return self._loader(_by_wallet(listing.find))

    @cached_property
    def latest_payments(self) -> "Loader[tuple[UUID, UUID], Transaction | None]":
        """The latest payment of a money request, with any status, by wallet id and request id, as the wallet's owner
        sees it."""
        return self._loader(_by_wallet(history.latest_payments))

    @cached_property
    def entries(self) -> "Loader[tuple[UUID, UUID], PostedEntry | None]":
        """Ledger entries of a wallet, by wallet id and entry id."""
        return self._loader(_by_wallet(entries.by_ids))

    @cached_property
    def own_entries(self) -> "Loader[tuple[UUID, UUID], PostedEntry | None]":
        """The ledger entry of a transaction in a wallet, by wallet id and transaction id."""
        return self._loader(_by_wallet(entries.of_transactions))

    @cached_property
    def cards(self) -> "Loader[tuple[UUID, UUID], Card | None]":
        """Cards of a wallet, by wallet id and card id."""
        return self._loader(_by_wallet(cards.find))

    @cached_property
    def bank_accounts(self) -> "Loader[tuple[UUID, UUID], BankAccount | None]":
        """Bank accounts of a wallet, by wallet id and bank account id, also removed ones."""
        return self._loader(_by_wallet(bank_accounts.find))

    @cached_property
    def order_accounts(self) -> "Loader[tuple[UUID, UUID], BankAccount | None]":
        """The bank account of an order, by wallet id and transaction id."""
        return self._loader(_by_wallet(bank_accounts.of_transactions))

    @cached_property
    def points(self) -> "Loader[tuple[UUID, datetime], Point | None]":
        """The balance of a wallet just before a time, by wallet id and that time."""
        return self._loader(_by_wallet(point.points))

    @cached_property
    def statements(self) -> "Loader[tuple[UUID, Month], Statement | None]":
        """Statements by wallet id and month."""
        return self._loader(_by_wallet(statement.statements))

    @cached_property
    def totals(self) -> "Loader[Statement, Totals]":
        """The totals of credits, debits and fees of statements."""

        async def load(requested: list[Statement]) -> list[Totals]:
            return [await statement.totals(self._database, one) for one in requested]

        return Loader(load_fn=load)

    @cached_property
    def limits(self) -> "Loader[tuple[UUID, str], tuple[Limit, ...] | None]":
        """The current limits of a wallet, by wallet id and currency."""

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
    """Turns a read of one wallet's objects by key into a read by pairs of wallet id and key.

    An operation has one viewer and so one wallet: the read runs once.
    """

    async def read_pairs(session: Session, pairs: Sequence[tuple[UUID, Key]]) -> Mapping[tuple[UUID, Key], Value]:
        found: dict[tuple[UUID, Key], Value] = {}
        for wallet_id in {wallet_id for wallet_id, _ in pairs}:
            by_key = await read(session, wallet_id, [key for wallet, key in pairs if wallet == wallet_id])
            found |= {(wallet_id, key): value for key, value in by_key.items()}
        return found

    return read_pairs
