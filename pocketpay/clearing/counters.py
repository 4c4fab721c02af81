"""What rules count: read once by the look-up, and kept true in memory while the unit of work goes on.

Each counter is a count or a sum that SQL takes over committed rows. Instructions of the same unit are not committed
yet, so what each of them changes is added here: the next one sees what a fresh look-up would show it.
"""

from collections import defaultdict
from dataclasses import dataclass, field, fields
from datetime import datetime
from uuid import UUID

from pocketpay.cards.card import Card
from pocketpay.requests.money_request import MoneyRequest
from pocketpay.transactions.lifecycle import Status
from pocketpay.transactions.limits import KIND_OF, WINDOW, LimitKind, counted_minor, hour_of
from pocketpay.transactions.transaction import PAYMENTS, Transaction

RECENT = (Status.COMPLETED, Status.PENDING_CONFIRMATION)
NO_LONGER_RECENT = (Status.CANCELLED, Status.BLOCKED, Status.FAILED)
"""Of payments that were held. The look-up never counted an overdue one, so expiry takes nothing off."""


@dataclass(slots=True)
class Counters:
    """Amounts are minor units. A wallet or a pair that no instruction of the unit asked about is not counted."""

    known_payees: set[tuple[UUID, UUID]] = field(default_factory=set)
    """(payer, payee) with a completed payment that was not refunded in full."""
    times_paid: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    """How many such payments a pair has, of pairs that a refund of this unit is between. Counted no further than
    those refunds could take it to zero."""
    recent: dict[UUID, int] = field(default_factory=dict)
    """Payments of a wallet, completed or held, within the window that the rules of risk count."""
    pending: dict[UUID, int] = field(default_factory=dict)
    """Held payments of a wallet."""
    open_requests: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    """Requests of (requester, payer) that can be paid now."""
    asked_today: dict[UUID, int] = field(default_factory=dict)
    """Requests that a wallet made within 24 hours."""
    open_cards: dict[UUID, int] = field(default_factory=dict)
    """Cards of a wallet that are not closed."""
    used: dict[tuple[UUID, LimitKind], int] = field(default_factory=dict)
    """What a wallet has used of a limit. Never too little; exact where the unit asks for more than would fit
    otherwise."""
    oldest_used: dict[tuple[UUID, LimitKind], datetime] = field(default_factory=dict)
    """When the oldest of that was ordered, where it is exact."""

    written_usage: dict[tuple[UUID, LimitKind, datetime], int] = field(default_factory=lambda: defaultdict(int))
    """What the unit adds to the hours of `wallet_usage`."""

    def copy(self) -> "Counters":
        """Counters that start as these stand now."""
        return Counters(**{each.name: getattr(self, each.name).copy() for each in fields(self)})

    def count_payment(self, before: Transaction | None, after: Transaction, recent_since: datetime) -> None:
        """A payment between people is new, or has another status."""
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
        """More of that transaction was given back. A payment refunded in full makes nobody known any more."""
        wallet_id, payee_id = original.source_wallet_id, original.destination_wallet_id
        if original.type not in PAYMENTS or wallet_id is None or payee_id is None or original.refundable.minor:
            return
        self.times_paid[wallet_id, payee_id] -= 1
        if not self.times_paid[wallet_id, payee_id]:
            self.known_payees.discard((wallet_id, payee_id))

    def count_request(self, before: MoneyRequest | None, after: MoneyRequest, now: datetime) -> None:
        """A money request is new, or has another status. An overdue one was never counted as open."""
        pair = after.requester_wallet_id, after.payer_wallet_id
        if before is None and after.requester_wallet_id in self.asked_today:
            self.asked_today[after.requester_wallet_id] += 1
        if pair in self.open_requests:
            was_open = before is not None and before.open_at(now)
            self.open_requests[pair] += after.open_at(now) - was_open

    def count_card(self, before: Card | None, after: Card) -> None:
        """A card is new, or has another status."""
        if after.wallet_id in self.open_cards:
            self.open_cards[after.wallet_id] += after.open - (before is not None and before.open)

    def count_usage(self, before: Transaction | None, after: Transaction, now: datetime) -> None:
        """The transaction begins to use its wallet's limit, ends to, or uses less because some was given back."""
        kind = KIND_OF.get(after.type)
        if kind is None or not (change := counted_minor(after) - counted_minor(before)):
            return
        self.written_usage[after.anchor, kind, hour_of(after.created_at)] += change
        used = self.used.get((after.anchor, kind))
        if used is not None and after.created_at > now - WINDOW:
            self.used[after.anchor, kind] = used + change
