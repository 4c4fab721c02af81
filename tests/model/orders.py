"""The orders of the model as plain values, and its replies. Amounts are in minor units."""

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
    """The balance that a customer brings from another system."""

    id: UUID
    who: str
    amount: int
    key: str


class Bonus(NamedTuple):
    """The welcome bonus of a customer who has verified an email address."""

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
    """Requests `total` from one person, or splits it among several, with or without the requester. One id per
    payer."""

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
    """Refunds `amount` of a payment; None refunds the rest."""

    id: UUID
    who: str
    of: UUID
    amount: int | None
    key: str


class Item(NamedTuple):
    """One payment of a batch. An amount of zero is invalid."""

    to: str | None
    amount: int


class PayBatch(NamedTuple):
    """A batch of payments with one id per item. `atomic`: all or none."""

    ids: tuple[UUID, ...]
    who: str
    items: tuple[Item, ...]
    atomic: bool
    key: str


class IssueCard(NamedTuple):
    """A new card with its limits per payment and per month; None means no limit."""

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


class EndUnpayableRequest(NamedTuple):
    """The sweeper ends a request that can no longer be paid. `who` is the payer."""

    who: str
    request: UUID


class SetCardStatus(NamedTuple):
    """Makes the card active, frozen or closed."""

    who: str
    card: UUID
    status: str


class SetCardLimits(NamedTuple):
    """Changes the limits per payment and per month. Zero keeps a limit, None removes it."""

    who: str
    card: UUID
    each: int | None
    month: int | None


class Freeze(NamedTuple):
    """An operator freezes a wallet, for debits or for all."""

    who: str
    what: str


class Unfreeze(NamedTuple):
    """An operator unfreezes a wallet."""

    who: str


class Reverse(NamedTuple):
    """An operator reverses `amount` of a payment of any kind; None reverses the rest. `who` is the recipient, or the
    payer of a withdrawal or card payment. With `at_most` the amount is reduced to the available balance."""

    id: UUID
    who: str
    of: UUID
    amount: int | None = None
    at_most: bool = False


class CloseWallet(NamedTuple):
    """The owner closes their wallet. `proven`: the password that was verified is still the current one."""

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
OfRequest = DeclineRequest | CancelRequest | EndUnpayableRequest
OfPayment = BankAnswer | Confirm | Cancel | Expire
OfCard = SetCardStatus | SetCardLimits
OfWallet = Freeze | Unfreeze | CloseWallet
Order = Keyed | OfRequest | OfPayment | OfCard | OfWallet | Reverse


class Reply(NamedTuple):
    """The reply to an order. `things` are the ids of its results with their states; `why` is the code of a refusal
    and `facts` are its numbers; `parts` are the replies to the items of a batch; `wallet` is (posted, held, version).
    A refusal that stores nothing has only `why` and `facts`."""

    things: tuple[tuple[UUID, str], ...] = ()
    why: str | None = None
    facts: tuple[int | str, ...] = ()
    replayed: bool = False
    parts: "tuple[Reply, ...]" = ()
    wallet: tuple[int, int, int] | None = None


def ids_of(order: Keyed) -> tuple[UUID, ...]:
    """Returns the ids that an order contains for its results."""
    return order.ids if isinstance(order, RequestMoney | PayBatch) else (order.id,)


def with_new_ids(order: Keyed, new_ids: tuple[UUID, ...]) -> Keyed:
    """Returns the same order with other ids."""
    return (
        order._replace(ids=new_ids) if isinstance(order, RequestMoney | PayBatch) else order._replace(id=new_ids[0])
    )


def input_of(order: Keyed) -> tuple[object, ...]:
    """Returns the input of an order: all its values except the sender, the key and the ids."""
    values = {name: value for name, value in order._asdict().items() if name not in ("id", "ids", "who", "key")}
    return type(order).__name__, *values.items()
