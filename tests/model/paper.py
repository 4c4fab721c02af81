"""What is written down: purses, payments, requests, keys, and the rules of the house."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from tests.model.orders import Told

RULES = ("large_transfer", "new_recipient", "rapid_transfers")
BETWEEN_PEOPLE = ("send", "request")
LIMITED = {"deposit": "deposit", "withdrawal": "withdrawal", "send": "transfer", "request": "transfer"}


@dataclass
class Purse:
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
    """From `who`, or a bank, to `to`, or out of the house. `kind` is what the customer calls it. `month` is which of
    its card's months it was paid in."""

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
    undoes: UUID | None = None
    given_back: int = 0
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
        """Whether it uses some of today's limit."""
        return not self.ancient and self.status in ("created", "pending_confirmation", "completed")

    @property
    def recent(self) -> bool:
        """Whether it is one of rapid ones."""
        return not self.old and self.status in ("completed", "pending_confirmation")

    def seen_by(self, name: str) -> tuple[object, ...] | None:
        """What that person may know of its inside: (status, fee, reasons, why not, whether an answer was awaited)."""
        if name == self.owner:
            return self.status, self.fee, self.reasons, self.why, self.waited
        if name == self.to and self.status == "completed":
            return "completed", 0, (), None, False
        return None


@dataclass
class Request:
    """`who` asks `of` for money."""

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
    """`each` and `month` are what it may pay at once and in a month; `spent` what it paid in this one, less what was
    given back. `months` have passed, and in `paid_in` it paid last."""

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


class Kept(NamedTuple):
    """What a key stands for: the words, and what came of them and was told first."""

    words: tuple[object, ...]
    things: tuple[UUID, ...]
    why: str | None
    facts: tuple[int | str, ...]
    parts: tuple[Told, ...]


@dataclass
class House:
    """What the house lets pass: each rule off, confirm or block; how much of everything."""

    threshold: int = 50
    many: int = 5
    most_waiting: int = 4
    most_open: int = 2
    most_asked: int = 12
    most_cards: int = 2
    actions: dict[str, str] = field(default_factory=lambda: dict.fromkeys(RULES, "confirm"))
    a_day: dict[str, int] = field(default_factory=lambda: {"deposit": 5_000, "withdrawal": 400, "transfer": 1_000})


@dataclass
class Paper:
    """Everything that is written down. `tills` are the house's own accounts, by what for and which money."""

    purses: dict[str, Purse]
    house: House = field(default_factory=House)
    payments: dict[UUID, Payment] = field(default_factory=dict)
    requests: dict[UUID, Request] = field(default_factory=dict)
    cards: dict[UUID, Card] = field(default_factory=dict)
    keys: dict[tuple[str, str], Kept] = field(default_factory=dict)
    tills: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    owned: dict[str, list[Payment]] = field(default_factory=lambda: defaultdict(list))

    def write(self, payment: Payment) -> Told:
        self.payments[payment.id] = payment
        self.owned[payment.owner].append(payment)
        return self.told(payment, payment.why)

    def told(self, payment: Payment, why: str | None = None, *, again: bool = False) -> Told:
        """The payment as it is now."""
        facts = payment.facts if why is not None else ()
        return Told(((payment.id, payment.status),), why, facts, again)

    def asked(self, requests: Iterable[Request], *, again: bool = False) -> Told:
        """Those requests as they are now."""
        return Told(tuple((one.id, one.status) for one in requests), again=again)

    def shown(self, card: Card, *, again: bool = False) -> Told:
        """The card as it is now."""
        return Told(((card.id, card.status),), again=again)

    def waiting_of(self, who: str) -> list[Payment]:
        return [one for one in self.owned[who] if one.who == who and one.status == "pending_confirmation"]

    def end(self, payment: Payment, status: str, why: str | None = None) -> Told:
        """A waiting payment ends without money moving."""
        payment.become(status, why)
        self.purses[payment.owner].change(held=-payment.amount)
        return self.told(payment, why)

    def move(self, who: str, to: str, amount: int, *, held: int = 0) -> None:
        """From one to the other, some of which may have been held."""
        self.purses[who].change(posted=-amount, held=-held)
        self.purses[to].change(posted=amount)

    def used(self, who: str, limit: str) -> int:
        """How much of that limit is used now."""
        mine = (one for one in self.owned[who] if LIMITED.get(one.kind) == limit and one.counts)
        return sum(max(one.amount - one.given_back, 0) for one in mine)

    def too_much(self, who: str, limit: str, amount: int) -> Told | None:
        """The refusal of what would use more of a limit than there is."""
        used, total = self.used(who, limit), self.house.a_day[limit]
        return Told(why="LIMIT_EXCEEDED", facts=(total, used)) if used + amount > total else None

    def lapse(self, request: Request) -> None:
        """What is overdue ends when anybody comes back to a request: a payment that waits for it, and itself."""
        if (waiting := self.waiting_for(request)) is not None and waiting.lapsed:
            self.end(waiting, "expired")
        if request.status == "pending" and request.lapsed:
            request.become("expired")

    def waiting_for(self, request: Request) -> Payment | None:
        """The payment of that request that awaits a yes."""
        return next((one for one in self.waiting_of(request.of) if one.asked == request.id), None)


def refused(why: str, *facts: int | str) -> Told:
    """Nothing comes of it, and nothing is written."""
    return Told(why=why, facts=facts)
