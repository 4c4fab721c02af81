"""The data of the model: wallets, payments, requests, cards, keys, and its rules."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from tests.model.orders import Reply

RULES = ("large_transfer", "new_recipient", "rapid_transfers")
BETWEEN_PEOPLE = ("send", "request")
LIMITED = {"deposit": "deposit", "withdrawal": "withdrawal", "send": "transfer", "request": "transfer"}


@dataclass
class Wallet:
    money: str = "USD"
    posted: int = 0
    held: int = 0
    changes: int = 0
    state: str = "active"  # or debits, all, closed

    @property
    def free(self) -> int:
        return self.posted - self.held

    @property
    def can_be_paid(self) -> bool:
        return self.state in ("active", "debits")

    def change(self, *, posted: int = 0, held: int = 0) -> None:
        self.posted += posted
        self.held += held
        self.changes += 1


@dataclass
class Payment:
    """A payment from `who`, or a bank, to `to`, or out of the system. `kind` is its type for customers. `month` is
    the number of its card's month."""

    id: UUID
    kind: str
    who: str | None
    to: str | None
    amount: int
    status: str
    why: str | None = None
    facts: tuple[int | str, ...] = ()
    reasons: tuple[tuple[str, int], ...] = ()
    fee: int = 0
    asked: UUID | None = None
    card: UUID | None = None
    refund_of: UUID | None = None
    refunded: int = 0
    changes: int = 1
    waited: bool = False
    lapsed: bool = False
    old: bool = False
    ancient: bool = False
    month: int = 0

    @property
    def owner(self) -> str:
        owner = self.who or self.to
        assert owner is not None
        return owner

    def become(self, status: str, why: str | None = None) -> None:
        self.status, self.why = status, why
        self.changes += 1

    @property
    def counts(self) -> bool:
        """Whether it counts in the daily limit."""
        return not self.ancient and self.status in ("created", "pending_confirmation", "completed")

    @property
    def recent(self) -> bool:
        """Whether it counts for the rule about rapid transfers."""
        return not self.old and self.status in ("completed", "pending_confirmation")

    def seen_by(self, name: str) -> tuple[object, ...] | None:
        """Returns what that customer may see: (status, fee, reasons, failure code, whether it was held), or None."""
        if name == self.owner:
            return self.status, self.fee, self.reasons, self.why, self.waited
        if name == self.to and self.status == "completed":
            return "completed", 0, (), None, False
        return None


@dataclass
class Request:
    """A money request of `who` to `of`."""

    id: UUID
    who: str
    of: str
    amount: int
    status: str = "pending"
    lapsed: bool = False
    old: bool = False
    changes: int = 1

    @property
    def open(self) -> bool:
        return self.status == "pending" and not self.lapsed

    def become(self, status: str) -> None:
        self.status = status
        self.changes += 1


@dataclass
class Card:
    """A card. `each` and `month` are its limits per payment and per month; `spent` is the amount paid in this month,
    less refunds. `months` counts the months that have passed, and `paid_in` is the month of its last payment."""

    id: UUID
    who: str
    each: int | None
    month: int | None
    status: str = "active"
    spent: int = 0
    expired: bool = False
    changes: int = 1
    months: int = 0
    paid_in: int = 0


class StoredKey(NamedTuple):
    """The stored result of a key: the input, the ids of the results, and the first refusal."""

    input: tuple[object, ...]
    things: tuple[UUID, ...]
    why: str | None
    facts: tuple[int | str, ...]
    parts: tuple[Reply, ...]


@dataclass
class Rules:
    """The settings of the model: the action of each risk rule (off, confirm or block), and all limits."""

    threshold: int = 50
    rapid_count: int = 5
    max_pending: int = 4
    max_open_requests: int = 2
    max_requests_a_day: int = 12
    max_cards: int = 2
    actions: dict[str, str] = field(default_factory=lambda: dict.fromkeys(RULES, "confirm"))
    daily_limits: dict[str, int] = field(
        default_factory=lambda: {"deposit": 5_000, "withdrawal": 400, "transfer": 1_000}
    )


@dataclass
class Store:
    """All data of the model. `house_accounts` are the balances by kind and currency."""

    wallets: dict[str, Wallet]
    rules: Rules = field(default_factory=Rules)
    payments: dict[UUID, Payment] = field(default_factory=dict)
    requests: dict[UUID, Request] = field(default_factory=dict)
    cards: dict[UUID, Card] = field(default_factory=dict)
    keys: dict[tuple[str, str], StoredKey] = field(default_factory=dict)
    house_accounts: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    owned: dict[str, list[Payment]] = field(default_factory=lambda: defaultdict(list))

    def write(self, payment: Payment) -> Reply:
        self.payments[payment.id] = payment
        self.owned[payment.owner].append(payment)
        return self.payment_reply(payment, payment.why)

    def payment_reply(self, payment: Payment, why: str | None = None, *, replayed: bool = False) -> Reply:
        """Returns the current state of the payment."""
        facts = payment.facts if why is not None else ()
        return Reply(((payment.id, payment.status),), why, facts, replayed)

    def requests_reply(self, requests: Iterable[Request], *, replayed: bool = False) -> Reply:
        """Returns the current states of the requests."""
        return Reply(tuple((one.id, one.status) for one in requests), replayed=replayed)

    def card_reply(self, card: Card, *, replayed: bool = False) -> Reply:
        """Returns the current state of the card."""
        return Reply(((card.id, card.status),), replayed=replayed)

    def waiting_of(self, who: str) -> list[Payment]:
        return [one for one in self.owned[who] if one.who == who and one.status == "pending_confirmation"]

    def end(self, payment: Payment, status: str, why: str | None = None) -> Reply:
        """Ends a held payment without moving money."""
        payment.become(status, why)
        self.wallets[payment.owner].change(held=-payment.amount)
        return self.payment_reply(payment, why)

    def move(self, who: str, to: str, amount: int, *, held: int = 0) -> None:
        """Moves money from one wallet to the other, and releases `held`."""
        self.wallets[who].change(posted=-amount, held=-held)
        self.wallets[to].change(posted=amount)

    def used(self, who: str, limit: str) -> int:
        """Returns the used amount of that limit."""
        mine = (one for one in self.owned[who] if LIMITED.get(one.kind) == limit and one.counts)
        return sum(max(one.amount - one.refunded, 0) for one in mine)

    def limit_refusal(self, who: str, limit: str, amount: int) -> Reply | None:
        """Returns the refusal of an amount that exceeds the limit, or None."""
        used, total = self.used(who, limit), self.rules.daily_limits[limit]
        return Reply(why="LIMIT_EXCEEDED", facts=(total, used)) if used + amount > total else None

    def lapse(self, request: Request) -> None:
        """Expires a request that is overdue, and its held payment if that is overdue."""
        if (waiting := self.waiting_for(request)) is not None and waiting.lapsed:
            self.end(waiting, "expired")
        if request.status == "pending" and request.lapsed:
            request.become("expired")

    def waiting_for(self, request: Request) -> Payment | None:
        """Returns the held payment of that request, or None."""
        return next((one for one in self.waiting_of(request.of) if one.asked == request.id), None)


def refused(why: str, *facts: int | str) -> Reply:
    """Returns a refusal that stores nothing."""
    return Reply(why=why, facts=facts)
