"""A model of payments as a person would keep it on paper, and a chance-driven customer for it.

It shares no code with the rules. Orders are said as small tuples of plain values; `Told` is what their sender hears.
Time is not modelled: a payment `lapses` (its quarter of an hour is over), grows `old` (an hour is over) and `ancient`
(a day is over) when the walk says so.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

import uuid_utils.compat as uuids

RULES = ("large_transfer", "new_recipient", "rapid_transfers")


class Pay(NamedTuple):
    id: UUID
    who: str
    to: str | None
    amount: int
    key: str


class BringIn(NamedTuple):
    id: UUID
    who: str
    amount: int
    key: str


class PayOut(NamedTuple):
    id: UUID
    who: str
    amount: int
    fast: bool
    key: str


class BankSays(NamedTuple):
    who: str
    id: UUID
    yes: bool


class SayYes(NamedTuple):
    who: str
    id: UUID


class SayNo(NamedTuple):
    who: str
    id: UUID


class TimeIsUp(NamedTuple):
    who: str
    id: UUID


Keyed = Pay | BringIn | PayOut
Order = Keyed | BankSays | SayYes | SayNo | TimeIsUp


class Told(NamedTuple):
    """What somebody hears: the payment's id and status, why not, whether it had been said before."""

    id: UUID | None
    status: str | None
    why: str | None = None
    again: bool = False


@dataclass
class Purse:
    posted: int = 0
    held: int = 0
    state: str = "active"  # or debits, all, closed


@dataclass
class Payment:
    id: UUID
    who: str | None
    to: str | None
    amount: int
    status: str
    why: str | None = None
    reasons: tuple[str, ...] = ()
    lapsed: bool = False
    old: bool = False
    ancient: bool = False
    fee: int = 0

    @property
    def owner(self) -> str:
        owner = self.who or self.to
        assert owner is not None
        return owner

    @property
    def kind(self) -> str:
        return "in" if self.who is None else "out" if self.to is None else "pay"

    @property
    def counts(self) -> bool:
        """Whether it uses some of today's limit."""
        return not self.ancient and self.status in ("created", "pending_confirmation", "completed")


@dataclass
class House:
    """What the house lets pass: each rule off, confirm or block."""

    threshold: int = 50
    many: int = 5
    most_waiting: int = 4
    actions: dict[str, str] = field(default_factory=lambda: dict.fromkeys(RULES, "confirm"))
    a_day: dict[str, int] = field(default_factory=lambda: {"in": 5_000, "out": 400, "pay": 1_000})


@dataclass
class Model:
    """Purses, payments and keys, and what each order does to them."""

    purses: dict[str, Purse]
    house: House = field(default_factory=House)
    payments: dict[UUID, Payment] = field(default_factory=dict)
    keys: dict[tuple[str, str], tuple[tuple[object, ...], UUID, str | None]] = field(default_factory=dict)

    def together(self, orders: list[Order]) -> list[Told]:
        """What each of these hears, said together in this order; what is overdue of who orders ends first."""
        for who in {order.who for order in orders}:
            for payment in self.waiting_of(who):
                if payment.lapsed:
                    self.end(payment, "expired")
        return [self.say(order) for order in orders]

    def say(self, order: Order) -> Told:
        if isinstance(order, Pay):
            return self._keyed(order, (order.to, order.amount), self._pay)
        if isinstance(order, BringIn):
            return self._keyed(order, ("bank", order.amount), self._bring_in)
        if isinstance(order, PayOut):
            return self._keyed(order, ("to a bank", order.fast, order.amount), self._pay_out)
        payment = self.payments.get(order.id)
        if payment is None or payment.owner != order.who:
            return Told(None, None, "NOT_FOUND")
        if isinstance(order, BankSays):
            return self._bank_says(payment, order.yes)
        if isinstance(order, TimeIsUp):
            return Told(payment.id, payment.status, None, again=True)
        if payment.kind != "pay":
            return Told(None, None, "NOT_FOUND")
        return self._answered(payment, isinstance(order, SayYes))

    def waiting_of(self, who: str) -> list[Payment]:
        return [one for one in self.payments.values() if one.who == who and one.status == "pending_confirmation"]

    def end(self, payment: Payment, status: str, why: str | None = None) -> Told:
        """A waiting payment ends without money moving."""
        payment.status, payment.why = status, why
        self.purses[payment.owner].held -= payment.amount
        return Told(payment.id, status, why)

    def _too_much(self, who: str, kind: str, amount: int) -> bool:
        mine = [one for one in self.payments.values() if one.owner == who and one.kind == kind and one.counts]
        return sum(one.amount for one in mine) + amount > self.house.a_day[kind]

    def _keyed(self, order: Keyed, said: tuple[object, ...], do: Callable[..., Told]) -> Told:
        if (order.who, order.key) not in self.keys:
            told = do(order)
            if told.id is not None:
                self.keys[order.who, order.key] = (said, told.id, told.why)
            return told
        first_said, id, why = self.keys[order.who, order.key]
        if first_said != said:
            return Told(None, None, "IDEMPOTENCY_KEY_REUSED")
        payment = self.payments[id]
        late_no = payment.why if payment.kind != "pay" else None  # the bank's, said after the first answer
        return Told(id, payment.status, why or late_no, again=True)

    def _pay(self, order: Pay) -> Told:
        if order.to is None or self.purses[order.to].state in ("all", "closed"):
            return Told(None, None, "RECIPIENT_NOT_FOUND")
        if order.to == order.who:
            return Told(None, None, "SELF_TRANSFER")
        purse = self.purses[order.who]
        if purse.state == "closed":
            return Told(None, None, "WALLET_CLOSED")
        if purse.state != "active":
            return self._write(order, "blocked", "WALLET_FROZEN")
        if purse.posted - purse.held < order.amount:
            return self._write(order, "failed", "INSUFFICIENT_FUNDS")
        if self._too_much(order.who, "pay", order.amount):
            return Told(None, None, "LIMIT_EXCEEDED")
        reasons = self._reasons(order.who, order.to, order.amount, besides=None)
        if not reasons:
            self._move(order.who, order.to, order.amount)
            return self._write(order, "completed")
        if len(self.waiting_of(order.who)) >= self.house.most_waiting:
            return Told(None, None, "TOO_MANY_PENDING")
        if self._blocks(reasons):
            return self._write(order, "blocked", "RISK_BLOCKED", reasons)
        purse.held += order.amount
        return self._write(order, "pending_confirmation", None, reasons)

    def _bring_in(self, order: BringIn) -> Told:
        state = self.purses[order.who].state
        if state == "closed":
            return Told(None, None, "WALLET_CLOSED")
        if state != "all" and self._too_much(order.who, "in", order.amount):
            return Told(None, None, "LIMIT_EXCEEDED")
        status, why = ("blocked", "WALLET_FROZEN") if state == "all" else ("created", None)
        self.payments[order.id] = Payment(order.id, None, order.who, order.amount, status, why)
        return Told(order.id, status, why)

    def _pay_out(self, order: PayOut) -> Told:
        purse = self.purses[order.who]
        if purse.state == "closed":
            return Told(None, None, "WALLET_CLOSED")
        fee = max(1, (order.amount * 3 + 100) // 200) if order.fast else 0
        status, why = "created", None
        if purse.state != "active":
            status, why = "blocked", "WALLET_FROZEN"
        elif purse.posted - purse.held < order.amount + fee:
            status, why = "failed", "INSUFFICIENT_FUNDS"
        elif self._too_much(order.who, "out", order.amount):
            return Told(None, None, "LIMIT_EXCEEDED")
        else:
            purse.held += order.amount + fee
        self.payments[order.id] = Payment(order.id, order.who, None, order.amount, status, why, fee=fee)
        return Told(order.id, status, why)

    def _bank_says(self, payment: Payment, yes: bool) -> Told:
        if payment.kind == "pay":
            return Told(None, None, "NOT_FOUND")
        purse, whole = self.purses[payment.owner], payment.amount + payment.fee
        if payment.status == "created":
            payment.status, payment.why = ("completed", None) if yes else ("failed", "BANK_DECLINED")
            if payment.kind == "out":
                purse.held -= whole
                purse.posted -= whole if yes else 0
            else:
                purse.posted += whole if yes else 0
        return Told(payment.id, payment.status, payment.why)

    def _answered(self, payment: Payment, yes: bool) -> Told:
        if payment.status == ("completed" if yes else "cancelled"):
            return Told(payment.id, payment.status, None, again=True)
        if payment.status != "pending_confirmation":
            return Told(None, payment.status, "WRONG_STATE")
        if not yes:
            return self.end(payment, "cancelled")
        assert payment.who is not None
        assert payment.to is not None
        if self.purses[payment.who].state != "active":
            return self.end(payment, "blocked", "WALLET_FROZEN")
        if self.purses[payment.to].state in ("all", "closed"):
            return self.end(payment, "failed", "RECIPIENT_NOT_FOUND")
        reasons = self._reasons(payment.who, payment.to, payment.amount, besides=payment)
        if self._blocks(reasons):
            payment.reasons = reasons
            return self.end(payment, "blocked", "RISK_BLOCKED")
        self.end(payment, "completed")
        self._move(payment.who, payment.to, payment.amount)
        return Told(payment.id, "completed")

    def _reasons(self, who: str, to: str, amount: int, *, besides: Payment | None) -> tuple[str, ...]:
        mine = [
            one for one in self.payments.values() if one.owner == who and one.kind == "pay" and one is not besides
        ]
        lately = [one for one in mine if not one.old and one.status in ("completed", "pending_confirmation")]
        is_so = {
            "large_transfer": amount > self.house.threshold,
            "new_recipient": not any(one.to == to and one.status == "completed" for one in mine),
            "rapid_transfers": len(lately) >= self.house.many,
        }
        return tuple(rule for rule in RULES if is_so[rule] and self.house.actions[rule] != "off")

    def _blocks(self, reasons: tuple[str, ...]) -> bool:
        return any(self.house.actions[rule] == "block" for rule in reasons)

    def _write(self, order: Pay, status: str, why: str | None = None, reasons: tuple[str, ...] = ()) -> Told:
        assert order.to is not None
        self.payments[order.id] = Payment(order.id, order.who, order.to, order.amount, status, why, reasons)
        return Told(order.id, status, why)

    def _move(self, who: str, to: str, amount: int) -> None:
        self.purses[who].posted -= amount
        self.purses[to].posted += amount


class Customer:
    """Says things by chance: mostly sensible ones, often at the edge, sometimes twice, sometimes somebody else's."""

    def __init__(self, chance: random.Random, model: Model) -> None:
        self.chance, self.model = chance, model
        self._said: list[Keyed] = []

    def orders(self) -> list[Order]:
        """What arrives together, in order."""
        many = self.chance.choice((1, 1, 1, 2, 3, 8))
        said: list[Order] = []
        for _ in range(many):
            said.append(self._order([order.id for order in said]))
        return said

    def _order(self, just_now: list[UUID]) -> Order:
        chance, names = self.chance, list(self.model.purses)
        kind = chance.random()
        if kind < 0.1 and self._said:
            return self._again()
        if kind < 0.46:
            who = chance.choice(names)
            to = None if chance.random() < 0.03 else chance.choice(names)
            return self._remember(Pay(uuids.uuid7(), who, to, self._amount(who), uuids.uuid7().hex))
        if kind < 0.58:
            return self._remember(BringIn(uuids.uuid7(), chance.choice(names), self._amount(None), uuids.uuid7().hex))
        if kind < 0.63:
            who, fast = chance.choice(names), chance.random() < 0.5
            return self._remember(PayOut(uuids.uuid7(), who, self._amount(who), fast, uuids.uuid7().hex))
        id = self._which(just_now)
        payment = self.model.payments.get(id)
        who = chance.choice(names) if payment is None or chance.random() < 0.1 else payment.owner
        if payment is not None and payment.status == "created":
            return BankSays(who, id, yes=chance.random() < 0.8)
        if kind < 0.95:
            return (SayYes if chance.random() < 0.5 else SayNo)(who, id)
        return chance.choice((TimeIsUp(who, id), BankSays(who, id, yes=True)))

    def _remember(self, order: Keyed) -> Keyed:
        self._said.append(order)
        return order

    def _again(self) -> Order:
        """The same key again: the same input under another id, another input, or another's wallet."""
        first = self.chance.choice(self._said[-40:])
        again: Keyed = first._replace(id=uuids.uuid7())
        twist = self.chance.random()
        if twist < 0.15:
            again = again._replace(amount=again.amount + 1)
        elif twist < 0.25:
            again = again._replace(who=self.chance.choice(list(self.model.purses)))
        elif twist < 0.3:
            again = BringIn(again.id, again.who, again.amount, again.key)
        elif twist < 0.35:
            again = PayOut(again.id, again.who, again.amount, True, again.key)
        return again

    def _amount(self, who: str | None) -> int:
        choices = [1, 2, 10, self.model.house.threshold, self.model.house.threshold + 1, 100]
        if who is not None:
            purse = self.model.purses[who]
            choices += [max(purse.posted - purse.held, 1), purse.posted - purse.held + 1, max(purse.posted, 1)]
        return self.chance.choice(choices)

    def _which(self, just_now: list[UUID]) -> UUID:
        alive = [id for id, one in self.model.payments.items() if one.status in ("created", "pending_confirmation")]
        if alive and self.chance.random() < 0.7:
            return self.chance.choice(alive)
        known = list(self.model.payments)[-30:] + just_now
        return self.chance.choice(known) if known else uuids.uuid7()

    def changes_its_mind(self) -> None:
        """The house's rules change."""
        house, chance = self.model.house, self.chance
        house.actions = {rule: chance.choice(("off", "off", "confirm", "confirm", "block")) for rule in RULES}
        house.threshold, house.many = chance.choice((20, 50)), chance.choice((1, 3, 5))
        house.most_waiting = chance.choice((1, 4, 20))
        house.a_day = {kind: chance.choice((200, 1_000, 10**6)) for kind in house.a_day}
