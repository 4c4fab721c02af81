"""The book: the state that one unit of work has locked and looked up, and the changes that it will write.

Rules only read the book. The clearing applies each outcome to it, so that the next instruction of the same unit sees
the changes of the instructions before it. A refusal changes nothing.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from uuid import UUID

from pocketpay.bank_accounts import bank_account as bank_accounts
from pocketpay.bank_accounts.bank_account import BankAccount
from pocketpay.bank_accounts.bank_return import BankReturn
from pocketpay.cards import card as cards
from pocketpay.cards.card import Card
from pocketpay.clearing.counters import Counters
from pocketpay.clearing.footprint import Key
from pocketpay.clearing.outcome import Outcome, SideEffects
from pocketpay.clearing.terms import Terms
from pocketpay.clearing.written import StoredKey, Written
from pocketpay.database import uuids
from pocketpay.errors import BooksDisagree
from pocketpay.ledger.account import Account, Entry, Leg
from pocketpay.ledger.house import HouseAccounts
from pocketpay.money import Money
from pocketpay.requests import money_request as requests
from pocketpay.requests.money_request import MoneyRequest
from pocketpay.risk.facts import Facts
from pocketpay.risk.policy import Verdict
from pocketpay.transactions.errors import KeyReused, LimitExceeded
from pocketpay.transactions.lifecycle import UNFINISHED, Status, require_transition
from pocketpay.transactions.limits import Limit, LimitKind
from pocketpay.transactions.stored_refusal import StoredRefusal, first_refusal
from pocketpay.transactions.transaction import Transaction
from pocketpay.wallets.balance import Balance, Standing


@dataclass(slots=True)
class Book:
    """The state and the changes of one unit of work. `now` is the database's clock, read after the locks.

    Amounts in `accounts`, `entries` and `counters` are integers in minor units; elsewhere they are `Money`.
    """

    now: datetime
    terms: Terms
    house: HouseAccounts
    accounts: dict[UUID, Account] = field(default_factory=dict)
    standings: dict[UUID, Standing] = field(default_factory=dict)
    keys: dict[tuple[UUID, str], StoredKey] = field(default_factory=dict)
    transactions: dict[UUID, Transaction] = field(default_factory=dict)
    requests: dict[UUID, MoneyRequest] = field(default_factory=dict)
    cards: dict[UUID, Card] = field(default_factory=dict)
    bank_accounts: dict[UUID, BankAccount] = field(default_factory=dict)
    bank_returns: dict[UUID, BankReturn] = field(default_factory=dict)
    """Returns by the id of the transaction."""
    freeze_reasons: dict[UUID, str] = field(default_factory=dict)
    """The reason of the freeze of each wallet whose returns were looked up."""
    counters: Counters = field(default_factory=Counters)
    hashes: dict[UUID, str] = field(default_factory=dict)
    """The password hash of each user whose wallet this unit may close, by user id."""
    request_payments: dict[UUID, UUID] = field(default_factory=dict)
    """The id of each money request's latest unfinished payment, by request id. It may have ended in this unit."""

    inserted: dict[UUID, Transaction] = field(default_factory=dict)
    updated: dict[UUID, Transaction] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    touched: dict[UUID, Account] = field(default_factory=dict)
    written_keys: list[tuple[Key, UUID]] = field(default_factory=list)

    side_effects: "Written | None" = None
    """The side effects to write; None if there are none so far."""

    recent_since: datetime = field(init=False)
    """The start of the window in which the risk rules count recent payments."""

    def __post_init__(self) -> None:
        self.recent_since = self.now - self.terms.policy.recent.window

    # ------------------------------------------------------------ read by rules

    def results_of(self, key: Key) -> Sequence[UUID] | None:
        """Returns the result ids stored with the key, or None if the key is new.

        Raises KeyReused when the key was used with another operation or input.
        """
        stored = self.keys.get((key.wallet_id, key.text))
        if stored is None:
            return None
        if stored.operation != key.operation or stored.fingerprint != key.fingerprint:
            raise KeyReused
        return stored.results

    def refusals(self, key: Key) -> Sequence[StoredRefusal | None]:
        """Returns the refusals stored with a batch's key, one per item; () if no item was refused."""
        return self.keys[key.wallet_id, key.text].refusals

    def fork(self, wallet_ids: Iterable[UUID]) -> "Book":
        """Returns a copy of this book, to try out payments of the given wallets.

        Outcomes that are applied to the copy do not change this book.
        """
        fork = copy(self)
        for each in fields(self):
            if isinstance(value := getattr(self, each.name), dict | set | list | Counters):
                setattr(fork, each.name, value.copy())
        fork.accounts |= {id: replace(self.accounts[id]) for id in wallet_ids}
        fork.touched, fork.side_effects = {}, None
        return fork

    def _adopt(self, fork: "Book") -> None:
        """Takes over the changes of a fork of this book, which has not changed since. The result is the same as if
        the outcomes that were applied to the fork were applied to this book."""
        touched = self.touched | fork.touched
        for each in fields(self):
            if isinstance(value := getattr(fork, each.name), dict | set | list | Counters):
                setattr(self, each.name, value)
        self.touched = touched

    def replay(self, key: Key, own_id: UUID) -> Outcome | None:
        """Returns the first outcome of the key, or None if the key is new.

        `own_id` is the id of this instruction's transaction. If the key is stored with that id, this is our own retry
        after a lost connection, and not a replay by the client. Raises KeyReused when the key was used with another
        operation or input.
        """
        results = self.results_of(key)
        if results is None:
            return None
        transaction = self.transactions[results[0]]
        return Outcome(
            transaction,
            changed=False,
            refusal=first_refusal(transaction),
            replayed=transaction.id != own_id,
        )

    def own_transaction(self, transaction_id: UUID, wallet_id: UUID) -> Transaction | None:
        """Returns the transaction if it exists and is guarded by this wallet's lock, else None."""
        transaction = self.transactions.get(transaction_id)
        return transaction if transaction is not None and transaction.anchor == wallet_id else None

    def live_payment(self, request_id: UUID) -> Transaction | None:
        """Returns the request's unfinished payment, or None. A request has at most one."""
        payment_id = self.request_payments.get(request_id)
        transaction = None if payment_id is None else self.transactions.get(payment_id)
        return transaction if transaction is not None and transaction.status in UNFINISHED else None

    def own_card(self, card_id: UUID | None, wallet_id: UUID) -> Card | None:
        """Returns the card if it exists and belongs to this wallet, else None."""
        card = None if card_id is None else self.cards.get(card_id)
        return card if card is not None and card.wallet_id == wallet_id else None

    def own_bank_account(self, bank_account_id: UUID, wallet_id: UUID) -> BankAccount | None:
        """Returns the bank account if it exists and belongs to this wallet, else None."""
        account = self.bank_accounts.get(bank_account_id)
        return account if account is not None and account.wallet_id == wallet_id else None

    def risk_of(self, wallet_id: UUID, payee_id: UUID, amount: Money, *, held: Transaction | None = None) -> Verdict:
        """Returns the risk rules' verdict on the payment now.

        `held` is the payment itself if it is already held: it does not count as one of the recent payments.
        """
        counters = self.counters
        own = held is not None and held.created_at > self.recent_since
        recent = counters.recent.get(wallet_id, 0) - own
        known = (wallet_id, payee_id) in counters.known_payees
        return self.terms.policy.judge(Facts(amount, known, recent, self.now))

    def require_room(self, wallet_id: UUID, kind: LimitKind, amount: Money) -> None:
        """Raises LimitExceeded when the amount is more than the wallet's limit leaves."""
        total = self.terms.limits[kind].get(amount.currency)
        used = self.counters.used[wallet_id, kind]
        if total is None or used + amount.minor <= total.minor:
            return
        oldest = self.counters.oldest_used.get((wallet_id, kind), self.now)
        raise LimitExceeded(Limit.of(kind, total, Money(used, amount.currency), oldest))

    def balance(self, wallet_id: UUID) -> Balance:
        """Returns the wallet's balance and standing as they are now in this unit."""
        account = self.accounts[wallet_id]
        return Balance(
            wallet_id, account.currency, account.posted, account.held, account.version, self.standings[wallet_id]
        )

    # ------------------------------------------------------------ written by the clearing

    def apply(self, outcome: Outcome) -> None:
        """Adds the outcome to the book. Raises BooksDisagree when it breaks a rule of the books."""
        if outcome.transaction is not None:
            self._apply_transaction(outcome, outcome.transaction)
        if outcome.side_effects is not None:
            self._apply_side_effects(outcome.side_effects)
        if (key := outcome.key) is not None:
            self.store_key(key, outcome)

    def store_key(self, key: Key, outcome: Outcome) -> None:
        """Stores the key with the results of the outcome."""
        results = outcome.results
        refusals = () if outcome.side_effects is None else outcome.side_effects.stored_refusals
        stored = StoredKey(key.operation, key.fingerprint, results, refusals)
        self.keys[key.wallet_id, key.text] = stored
        if len(results) == 1 and not stored.refusals:
            self.written_keys.append((key, results[0]))
        else:
            self.side_effects = self.side_effects or Written()
            self.side_effects.keys.append((key, stored))

    def _apply_transaction(self, outcome: Outcome, after: Transaction) -> None:
        """Adds the transaction in its new state, and the money that it holds or moves."""
        before = self.transactions.get(after.id)
        if before is not None:
            require_transition(before.status, after.status)
        if outcome.hold is not None or outcome.legs:
            self._post(outcome, after)
        self.counters.count_payment(before, after, self.recent_since)
        self.counters.count_usage(before, after, self.now)
        self._put(after, new=before is None)

    def add(self, transaction: Transaction) -> None:
        """Adds a transaction that was looked up."""
        self.transactions[transaction.id] = transaction
        if transaction.request_id is not None and transaction.status in UNFINISHED:
            self.request_payments[transaction.request_id] = transaction.id

    def _put(self, after: Transaction, *, new: bool) -> None:
        self.add(after)
        if new or after.id in self.inserted:
            self.inserted[after.id] = after
        else:
            self.updated[after.id] = after

    def _apply_side_effects(self, side_effects: SideEffects) -> None:
        """Applies every change of the outcome except its own transaction."""
        if isinstance(fork := side_effects.items_applied, Book) and fork.side_effects is None:
            self._adopt(fork)
        else:
            for result in side_effects.item_results:
                if isinstance(result, Outcome):
                    self.apply(result)
        written = self.side_effects = self.side_effects or Written()
        for request in side_effects.requests:
            if (before := self.requests.get(request.id)) is not None:
                requests.require_transition(before.status, request.status)
            self.counters.count_request(before, request, self.now)
            self.requests[request.id] = request
            new = before is None or request.id in written.new_requests
            (written.new_requests if new else written.changed_requests)[request.id] = request
        for card in side_effects.cards:
            self._put_card(written, self.cards.get(card.id), card)
        for account in side_effects.bank_accounts:
            self._put_bank_account(written, self.bank_accounts.get(account.id), account)
        if side_effects.order is not None:
            written.orders.append(side_effects.order)
        if (change := side_effects.bank_return) is not None:
            self.bank_returns[change.after.transaction_id] = change.after
            written.bank_returns.append(change)
        for changed in side_effects.standings:
            self.standings[changed.wallet_id] = changed.standing
            written.standings[changed.wallet_id] = changed
            self.freeze_reasons[changed.wallet_id] = changed.reason or ""
        if side_effects.refunded is not None:
            self._apply_refund(side_effects.refunded)
        if side_effects.act is not None:
            written.acts.append(side_effects.act)
        if side_effects.closing_user is not None:
            written.closing_users.append(side_effects.closing_user)

    def _apply_refund(self, original: Transaction) -> None:
        """Puts the original transaction with its larger `refunded` amount. Raises BooksDisagree when it is invalid.

        A payment that is refunded in full no longer makes its recipient a known payee.
        """
        before = self.transactions[original.id]
        if not before.refunded < original.refunded <= original.total.minor:
            raise BooksDisagree(f"transaction {original.id} cannot have a refunded amount of {original.refunded}")
        self.counters.count_usage(before, original, self.now)
        self._put(original, new=False)
        self.counters.count_refunded(original)

    def _put_card(self, written: Written, before: Card | None, after: Card) -> None:
        if before is not None:
            cards.require_transition(before.status, after.status)
        self.counters.count_card(before, after)
        self.cards[after.id] = after
        new = before is None or after.id in written.new_cards
        (written.new_cards if new else written.changed_cards)[after.id] = after

    def _put_bank_account(self, written: Written, before: BankAccount | None, after: BankAccount) -> None:
        if before is not None:
            bank_accounts.require_transition(before.status, after.status)
        self.counters.count_bank_account(before, after)
        self.bank_accounts[after.id] = after
        new = before is None or after.id in written.new_bank_accounts
        (written.new_bank_accounts if new else written.changed_bank_accounts)[after.id] = after

    def _post(self, outcome: Outcome, after: Transaction) -> None:
        """Posts the hold and the legs: each wallet's account changes once, and each leg becomes an entry."""
        if sum(leg.amount for leg in outcome.legs):
            raise BooksDisagree(f"the legs of transaction {after.id} do not sum to zero")
        if outcome.legs and after.status is not Status.COMPLETED:
            raise BooksDisagree(f"transaction {after.id} has legs but is not completed")
        hold, kinds = outcome.hold, self.house.kinds
        if hold is not None and not any(leg.account_id == hold.wallet_id for leg in outcome.legs):
            self._touch(hold.wallet_id).change(posted=0, held=hold.amount)
        for leg in outcome.legs:
            kind = kinds.get(leg.account_id)
            if kind is not None:
                self._add_entry(after, leg, kind.value, None, None)
                continue
            account = self._touch(leg.account_id)
            held = hold.amount if hold is not None and hold.wallet_id == leg.account_id else 0
            account.change(posted=leg.amount, held=held)
            account.sequence += 1
            self._add_entry(after, leg, "wallet", account.sequence, account.posted)

    def _touch(self, account_id: UUID) -> Account:
        account = self.touched[account_id] = self.accounts[account_id]
        return account

    def _add_entry(
        self, transaction: Transaction, leg: Leg, kind: str, sequence: int | None, balance_after: int | None
    ) -> None:
        self.entries.append(
            Entry(
                uuids.uuid7(),
                leg.account_id,
                transaction.id,
                leg.amount,
                transaction.amount.currency,
                kind,
                sequence,
                balance_after,
                leg.description,
            )
        )
