"""What can be said to the rules, in plain values, and what is heard. Amounts are in the smallest unit."""

from typing import NamedTuple
from uuid import UUID


class Pay(NamedTuple):
    id: UUID
    who: str
    to: str | None
    amount: int
    key: str


class Deposit(NamedTuple):
    id: UUID
    who: str
    amount: int
    key: str


class OpeningBalance(NamedTuple):
    """What somebody had elsewhere, on their first day."""

    id: UUID
    who: str
    amount: int
    key: str


class Bonus(NamedTuple):
    """A present of the rules to whoever has verified an address."""

    id: UUID
    who: str
    amount: int
    key: str


class Withdraw(NamedTuple):
    id: UUID
    who: str
    amount: int
    fast: bool
    key: str


class RequestMoney(NamedTuple):
    """`total` of one person, or split among several, oneself included or not; one id for each of them."""

    ids: tuple[UUID, ...]
    who: str
    among: tuple[str | None, ...]
    total: int
    with_me: bool
    key: str


class PayRequest(NamedTuple):
    id: UUID
    who: str
    request: UUID
    key: str


class Refund(NamedTuple):
    """`amount` of a payment, None for all that is left of it."""

    id: UUID
    who: str
    of: UUID
    amount: int | None
    key: str


class Item(NamedTuple):
    """One payment of many. An amount of nothing makes no sense."""

    to: str | None
    amount: int


class PayBatch(NamedTuple):
    """One id for each item; `atomic` is all or none."""

    ids: tuple[UUID, ...]
    who: str
    items: tuple[Item, ...]
    atomic: bool
    key: str


class IssueCard(NamedTuple):
    """What it may pay at once and in a month, None for any amount."""

    id: UUID
    who: str
    each: int | None
    month: int | None
    key: str


class PayByCard(NamedTuple):
    id: UUID
    who: str
    card: UUID
    amount: int
    key: str


class BankAnswer(NamedTuple):
    who: str
    id: UUID
    yes: bool


class Confirm(NamedTuple):
    who: str
    id: UUID


class Cancel(NamedTuple):
    who: str
    id: UUID


class Expire(NamedTuple):
    who: str
    id: UUID


class DeclineRequest(NamedTuple):
    who: str
    request: UUID


class CancelRequest(NamedTuple):
    who: str
    request: UUID


class LapseRequest(NamedTuple):
    """Somebody looks whether a request can still be paid; `who` was asked."""

    who: str
    request: UUID


class SetCardStatus(NamedTuple):
    """Let the card be active, frozen or closed."""

    who: str
    card: UUID
    status: str


class SetCardLimits(NamedTuple):
    """Zero leaves what it may pay at once or in a month as it is, None lifts the limit."""

    who: str
    card: UUID
    each: int | None
    month: int | None


class Freeze(NamedTuple):
    """Somebody of the rules stops a wallet, for debits or for all."""

    who: str
    what: str


class Unfreeze(NamedTuple):
    """Somebody of the rules lets a wallet go again."""

    who: str


class Reverse(NamedTuple):
    """Somebody of the rules gives back `amount` of a payment, None for all that is left, whatever kind it was; `who`
    had been paid, or had paid where it went out of the rules. With `at_most` it is as much of that as is there."""

    id: UUID
    who: str
    of: UUID
    amount: int | None = None
    at_most: bool = False


class CloseWallet(NamedTuple):
    """Close one's wallet for good; `proven` is whether the password shown is still the one that opens it."""

    who: str
    proven: bool


Keyed = (
    Pay
    | PayBatch
    | Deposit
    | OpeningBalance
    | Bonus
    | Withdraw
    | RequestMoney
    | PayRequest
    | Refund
    | IssueCard
    | PayByCard
)
OfRequest = DeclineRequest | CancelRequest | LapseRequest
OfPayment = BankAnswer | Confirm | Cancel | Expire
OfCard = SetCardStatus | SetCardLimits
OfWallet = Freeze | Unfreeze | CloseWallet
Order = Keyed | OfRequest | OfPayment | OfCard | OfWallet | Reverse


class Reply(NamedTuple):
    """What somebody hears: what came of it and how that stands; why not, in a code and numbers; whether it had been
    said before; of an order of many the same of each part; and their own wallet (posted, held, how often changed).
    Refused with nothing written, only why."""

    things: tuple[tuple[UUID, str], ...] = ()
    why: str | None = None
    facts: tuple[int | str, ...] = ()
    replayed: bool = False
    parts: "tuple[Reply, ...]" = ()
    wallet: tuple[int, int, int] | None = None


def ids_of(order: Keyed) -> tuple[UUID, ...]:
    """The ids that an order brings for what may come of it."""
    return order.ids if isinstance(order, RequestMoney | PayBatch) else (order.id,)


def with_new_ids(order: Keyed, new_ids: tuple[UUID, ...]) -> Keyed:
    """The same words under other ids."""
    return (
        order._replace(ids=new_ids) if isinstance(order, RequestMoney | PayBatch) else order._replace(id=new_ids[0])
    )


def input_of(order: Keyed) -> tuple[object, ...]:
    """What was said, apart from who said it, under which key and ids."""
    meant = {name: value for name, value in order._asdict().items() if name not in ("id", "ids", "who", "key")}
    return type(order).__name__, *meant.items()
