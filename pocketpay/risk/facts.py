"""The facts of a payment that the rules read. `clearing/book.py` builds them for every rule and every verb."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pocketpay.money import Money
from pocketpay.quick_init import quick_init


@quick_init
@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one payment, protected by the sender's lock.

    payee_known    whether the sender has a completed payment to the payee that was not refunded in full
    recent_count   the number of recent payments of the sender, see `RecentPayments`
    at             the time of the decision, by the database's clock
    """

    amount: Money
    payee_known: bool
    recent_count: int
    at: datetime


@dataclass(frozen=True, slots=True)
class RecentPayments:
    """Defines recent payments: those within `window`. They are counted up to `max_count`; 0 means not at all."""

    window: timedelta
    max_count: int
