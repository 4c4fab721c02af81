"""The kinds of Stripe's objects whose ids are stored, and a stored object."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Kind(StrEnum):
    """The kind of a stored object, and whose it is.

    of a user    customer, account
    of a link    session, payment_method, mandate, link_account
    of an order  payment_intent, transfer, payout, reversal
    """

    CUSTOMER = "customer"
    ACCOUNT = "account"
    SESSION = "session"
    PAYMENT_METHOD = "payment_method"
    MANDATE = "mandate"
    LINK_ACCOUNT = "link_account"
    PAYMENT_INTENT = "payment_intent"
    TRANSFER = "transfer"
    PAYOUT = "payout"
    REVERSAL = "reversal"


OF_LINKS = frozenset({Kind.SESSION, Kind.PAYMENT_METHOD, Kind.MANDATE, Kind.LINK_ACCOUNT})
OF_ORDERS = frozenset({Kind.PAYMENT_INTENT, Kind.TRANSFER, Kind.PAYOUT, Kind.REVERSAL})


class Ending(StrEnum):
    """How an order ended. It is stored before it is answered, so that no later answer contradicts it."""

    SETTLED = "settled"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Stored:
    """A row. `stripe_id` is None while the object is being created; `attempt` counts the refused tries.

    `ending` is set on the payment intent of a deposit and on the payout of a withdrawal, also if there is no object.
    `busy_until` shows which server's claim it is.
    """

    owner_id: UUID
    kind: Kind
    stripe_id: str | None = None
    attempt: int = 0
    ending: Ending | None = None
    why: str = ""
    busy_until: datetime | None = None
