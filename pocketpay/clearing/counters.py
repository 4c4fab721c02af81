"""The counts and sums that rules read. The look-up reads them once; the unit of work keeps them up to date in memory.

SQL computes each counter from committed rows. The earlier instructions of the same unit are not committed yet, so
their changes are added here: each instruction sees the numbers that a fresh look-up would return.
"""

from collections import defaultdict
from dataclasses import dataclass, field, fields
from datetime import datetime
from uuid import UUID

from pocketpay.bank_accounts.bank_account import BankAccount
from pocketpay.cards.card import Card
from pocketpay.requests.money_request import MoneyRequest
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import KIND_OF, WINDOW, LimitKind, counted_minor, hour_of
from pocketpay.transactions.transaction import PAYMENTS, Transaction

RECENT = (Status.COMPLETED, Status.PENDING_CONFIRMATION)
NO_LONGER_RECENT = (Status.CANCELLED, Status.BLOCKED, Status.FAILED)
"""Statuses in which a payment that was held stops counting as recent. EXPIRED is not one of them: the look-up never
counts an overdue payment, so its expiry changes no count."""


@dataclass(slots=True)
class Counters:
    """The counters of one unit of work. Amounts are in minor units.

    Only wallets and pairs of wallets that an instruction of the unit needs are counted.
    """

    known_payees: set[tuple[UUID, UUID]] = field(default_factory=set)
    """(payer, payee) with a completed payment that was not refunded in full."""
    times_paid: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    """The number of such payments of each pair that a refund of this unit concerns. It is exact only as far as those
    refunds could bring it to zero."""
    recent: dict[UUID, int] = field(default_factory=dict)
    """Completed and held payments of a wallet within the window of the risk rules."""
    pending: dict[UUID, int] = field(default_factory=dict)
    """Held payments of a wallet."""
    open_requests: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    """Requests of (requester, payer) that can be paid now."""
    requested_today: dict[UUID, int] = field(default_factory=dict)
    """Requests that a wallet made within the last 24 hours."""
    open_cards: dict[UUID, int] = field(default_factory=dict)
    """Cards of a wallet that are not closed."""
    open_bank_accounts: dict[UUID, int] = field(default_factory=dict)
    """Pending and active bank accounts of a wallet."""
    used: dict[tuple[UUID, LimitKind], int] = field(default_factory=dict)
    """The amount of a limit that a wallet has used. It is an upper bound; it is exact where the upper bound would
    leave too little room for this unit."""
    oldest_used: dict[tuple[UUID, LimitKind], datetime] = field(default_factory=dict)
    """When the oldest transaction in `used` was ordered; only where `used` is exact."""

    written_usage: dict[tuple[UUID, LimitKind, datetime], int] = field(default_factory=lambda: defaultdict(int))
    """The amounts that the unit adds to the hours of `wallet_usage`."""

    def copy(self) -> "Counters":
        """Returns an independent copy."""
        return Counters(**{each.name: getattr(self, each.name).copy() for each in fields(self)})

    def count_payment(self, before: Transaction | None, after: Transaction, recent_since: datetime) -> None:
        """Counts a payment between people that is new or has changed its status."""
        wallet_id, payee_id = after.source_wallet_id, after.destination_wallet_id
        if after.type not in PAYMENTS or wallet_id is None or payee_id is None:
            return
        was_pending = before is not None and before.status is Status.PENDING_CONFIRMATION
        if after.status is Status.COMPLETED:
            self.known_payees.add((wallet_id, payee_id))
            if self.times_paid and (wallet_id, payee_id) in self.times_paid:
                self.times_paid[wallet_id, payee_id] += 1
        if was_pending:
            self.pending[wallet_id] = self.pending.get(wallet_id, 0) - 1
            if after.status in NO_LONGER_RECENT and after.created_at > recent_since:
                self.recent[wallet_id] = self.recent.get(wallet_id, 0) - 1
        elif after.status is Status.PENDING_CONFIRMATION:
            self.pending[wallet_id] = self.pending.get(wallet_id, 0) + 1
        if before is None and after.status in RECENT:
            self.recent[wallet_id] = self.recent.get(wallet_id, 0) + 1

    def count_refunded(self, original: Transaction) -> None:
        """Counts a refund. A payment refunded in full no longer makes its recipient a known payee."""
        wallet_id, payee_id = original.source_wallet_id, original.destination_wallet_id
        if original.type not in PAYMENTS or wallet_id is None or payee_id is None or original.refundable.minor:
            return
        self.times_paid[wallet_id, payee_id] -= 1
        if not self.times_paid[wallet_id, payee_id]:
            self.known_payees.discard((wallet_id, payee_id))

    def count_request(self, before: MoneyRequest | None, after: MoneyRequest, now: datetime) -> None:
        """Counts a money request that is new or has changed its status. An overdue request never counts as open."""
        pair = after.requester_wallet_id, after.payer_wallet_id
        if before is None and after.requester_wallet_id in self.requested_today:
            self.requested_today[after.requester_wallet_id] += 1
        if pair in self.open_requests:
            was_open = before is not None and before.open_at(now)
            self.open_requests[pair] += after.open_at(now) - was_open

    def count_card(self, before: Card | None, after: Card) -> None:
        """Counts a card that is new or has changed its status."""
        if after.wallet_id in self.open_cards:
            self.open_cards[after.wallet_id] += after.open - (before is not None and before.open)

    def count_bank_account(self, before: BankAccount | None, after: BankAccount) -> None:
        """Counts a bank account that is new or has changed its status."""
        if after.wallet_id in self.open_bank_accounts:
            self.open_bank_accounts[after.wallet_id] += after.open - (before is not None and before.open)

    def count_usage(self, before: Transaction | None, after: Transaction, now: datetime) -> None:
        """Updates the use of the wallet's limit: the transaction starts or stops using it, or was partly refunded."""
        kind = KIND_OF.get(after.type)
        if kind is None or not (change := counted_minor(after) - counted_minor(before)):
            return
        self.written_usage[after.anchor, kind, hour_of(after.created_at)] += change
        used = self.used.get((after.anchor, kind))
        if used is not None and after.created_at > now - WINDOW:
            self.used[after.anchor, kind] = used + change
