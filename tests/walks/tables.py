"""The database's tables in memory, for units of work without a database."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import uuid_utils.compat as uuids

from pocketpay.cards.card import Card
from pocketpay.clearing import money_requests
from pocketpay.clearing.book import Book
from pocketpay.clearing.expire import Expire
from pocketpay.clearing.footprint import Footprint
from pocketpay.clearing.instruction import Instruction
from pocketpay.clearing.outcome import Result
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.unit import _decide, _with_items
from pocketpay.clearing.written import StoredKey
from pocketpay.ledger.account import Account, Entry
from pocketpay.ledger.house import HouseAccounts, HouseKind
from pocketpay.requests.money_request import MoneyRequest
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import KIND_OF, LimitKind, counted_minor
from pocketpay.transactions.transaction import PAYMENTS, Transaction
from pocketpay.wallets.balance import Freeze, Standing, WalletStatus
from tests.walks.interpreter import CURRENCIES, HASH

HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)
LATELY = (Status.COMPLETED, Status.PENDING_CONFIRMATION)


@dataclass
class Tables:
    """All rows, and the look-ups of a unit of work in them."""

    wallets: dict[str, UUID]
    now: datetime = datetime(2026, 11, 22, tzinfo=UTC)
    accounts: dict[UUID, Account] = field(default_factory=dict)
    standings: dict[UUID, Standing] = field(default_factory=dict)
    transactions: dict[UUID, Transaction] = field(default_factory=dict)
    requests: dict[UUID, MoneyRequest] = field(default_factory=dict)
    cards: dict[UUID, Card] = field(default_factory=dict)
    paying: dict[UUID, UUID] = field(default_factory=dict)
    keys: dict[tuple[UUID, str], StoredKey] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    ordered: dict[UUID, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    usage: dict[tuple[UUID, LimitKind], int] = field(default_factory=lambda: defaultdict(int))
    house: HouseAccounts = field(
        default_factory=lambda: HouseAccounts.of(
            [(uuids.uuid7(), kind.value, of) for of in CURRENCIES for kind in HouseKind]
        )
    )

    def carry_out(self, instructions: Sequence[Instruction], terms: Terms) -> tuple[list[Result], Book]:
        """Executes instructions as a unit of work does. Returns the results, and the book with the written rows."""
        self.now += timedelta(seconds=1)
        book = self._look(_with_items([one.footprint for one in instructions]), terms)
        results = [_decide(book, one, one.footprint) for one in instructions]
        # The book's tables are these, or those of a fork that it took over.
        self.accounts, self.standings, self.keys = book.accounts, book.standings, book.keys
        self.transactions, self.requests = book.transactions, book.requests
        self.paying, self.cards = book.request_payments, book.cards
        for account in book.touched.values():
            account.updated_at = self.now
        for transaction in book.inserted.values():
            self.ordered[transaction.anchor].append(transaction.id)
        self.entries += book.entries
        for (wallet_id, kind, _), change in book.counters.written_usage.items():
            self.usage[wallet_id, kind] += change
        return results, book

    def change(self, id: UUID, **facts: datetime) -> None:
        """Changes the times of a payment without the product."""
        self.transactions[id] = replace(self.transactions[id], **facts)  # type: ignore[arg-type]

    def change_request(self, id: UUID, **facts: datetime) -> None:
        self.requests[id] = replace(self.requests[id], **facts)  # type: ignore[arg-type]

    def change_card(self, id: UUID, **facts: object) -> None:
        self.cards[id] = replace(self.cards[id], **facts)  # type: ignore[arg-type]

    def stand(self, name: str, state: str) -> None:
        self.standings[self.wallets[name]] = {
            "active": Standing(WalletStatus.ACTIVE, None, self.now),
            "debits": Standing(WalletStatus.FROZEN, Freeze.DEBITS, self.now),
            "all": Standing(WalletStatus.FROZEN, Freeze.ALL, self.now),
            "closed": Standing(WalletStatus.CLOSED, None, self.now),
        }[state]

    # ------------------------------------------------------------ look-ups

    def _look(self, footprints: Sequence[Footprint], terms: Terms) -> Book:
        book = Book(self.now, terms, self.house, self.accounts, self.standings, self.keys, self.transactions)
        book.requests, book.request_payments, book.cards = self.requests, self.paying, self.cards
        ordering = {one.wallet_id for one in footprints}
        locked = ordering | {one.payee_id for one in footprints if one.payee_id is not None}
        for wallet_id in ordering:
            self._look_at_wallet(book, wallet_id)
        for footprint in footprints:
            if (lookups := footprint.lookups) is not None:
                self._look_at_asking(book, footprint.wallet_id, lookups.payers)
                locked.update(lookups.payers)
                if lookups.closing_user is not None:
                    book.hashes[lookups.closing_user] = HASH
                for wallet_id in lookups.open_cards:
                    its = [card for card in self.cards.values() if card.wallet_id == wallet_id]
                    book.counters.open_cards[wallet_id] = sum(card.open for card in its)
                if lookups.for_refund and footprint.payee_id is not None:
                    pair = (footprint.payee_id, footprint.wallet_id)
                    book.counters.times_paid[pair] = self._times_paid(*pair)
        for wallet_id in locked:
            for late in self._sent(wallet_id):
                if late.overdue_at(self.now):
                    book.apply(Expire(late.anchor, late.id).decide(book))
        for request in [*self.requests.values()]:
            if request.anchor in locked and (lapsed := money_requests.expired(book, request)) is not None:
                book.apply(lapsed)
        return book

    def _look_at_wallet(self, book: Book, wallet_id: UUID) -> None:
        sent = self._sent(wallet_id)
        book.counters.pending[wallet_id] = sum(one.status is Status.PENDING_CONFIRMATION for one in sent)
        book.counters.recent[wallet_id] = sum(
            one.created_at > self.now - HOUR and one.status in LATELY and not one.overdue_at(self.now) for one in sent
        )
        for payee_id in {one.destination_wallet_id for one in sent}:
            if payee_id is not None and self._times_paid(wallet_id, payee_id):
                book.counters.known_payees.add((wallet_id, payee_id))
        mine = [one for one in self._of(wallet_id) if one.created_at > self.now - DAY]
        for kind in LimitKind:
            book.counters.used[wallet_id, kind] = sum(
                counted_minor(one) for one in mine if KIND_OF.get(one.type) is kind
            )

    def _look_at_asking(self, book: Book, wallet_id: UUID, payers: Sequence[UUID]) -> None:
        mine = [one for one in self.requests.values() if one.requester_wallet_id == wallet_id]
        for payer_id in payers:
            open_now = sum(one.payer_wallet_id == payer_id and one.open_at(self.now) for one in mine)
            book.counters.open_requests[wallet_id, payer_id] = open_now
            book.counters.requested_today[wallet_id] = sum(one.created_at > self.now - DAY for one in mine)

    def _of(self, wallet_id: UUID) -> list[Transaction]:
        return [self.transactions[id] for id in self.ordered[wallet_id]]

    def _sent(self, wallet_id: UUID) -> list[Transaction]:
        return [one for one in self._of(wallet_id) if one.type in PAYMENTS]

    def _times_paid(self, payer_id: UUID, payee_id: UUID) -> int:
        """Returns the number of payments from one to the other that are not completely refunded."""
        return sum(
            (one.destination_wallet_id, one.status) == (payee_id, Status.COMPLETED) and one.refundable.minor > 0
            for one in self._sent(payer_id)
        )

    # ------------------------------------------------------------ invariants

    def prove(self) -> None:
        """Checks the sum of entries, the chain of balances and the usage, from entries and transactions only."""
        total: dict[UUID, int] = defaultdict(int)
        sequence: dict[UUID, int] = defaultdict(int)
        by_transaction: dict[UUID, int] = defaultdict(int)
        for entry in self.entries:
            by_transaction[entry.transaction_id] += entry.amount
            total[entry.account_id] += entry.amount
            if entry.kind == "wallet":
                sequence[entry.account_id] += 1
                assert (entry.sequence, entry.balance_after) == (sequence[entry.account_id], total[entry.account_id])
        assert set(by_transaction.values()) <= {0}
        assert by_transaction.keys() == {
            id for id, one in self.transactions.items() if one.status is Status.COMPLETED
        }
        for wallet_id, account in self.accounts.items():
            assert (account.posted, account.sequence) == (total[wallet_id], sequence[wallet_id])
            for kind in LimitKind:
                used = sum(counted_minor(one) for one in self._of(wallet_id) if KIND_OF.get(one.type) is kind)
                assert self.usage[wallet_id, kind] == used

    def house_accounts(self) -> dict[tuple[str, str], int]:
        """Returns the balances of the house accounts by kind and currency, except zero balances."""
        sums: dict[tuple[str, str], int] = defaultdict(int)
        for entry in self.entries:
            if entry.kind != "wallet":
                sums[entry.kind, entry.currency] += entry.amount
        return {kind: amount for kind, amount in sums.items() if amount}


def opened(currencies: dict[str, str]) -> Tables:
    """Returns tables with an empty wallet for each of those people, in their currency."""
    tables = Tables({name: uuids.uuid7() for name in currencies})
    for name, wallet_id in tables.wallets.items():
        tables.accounts[wallet_id] = Account(wallet_id, currencies[name], 0, 0, 0, 0, tables.now)
        tables.stand(name, "active")
    return tables
