"""What the rules know of a payment. `clearing/book.py` builds it, the same for every rule and every verb."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pocketpay.money import Money


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sender's lock protects: the amount, whether the payee is known, how many payments are recent. `at` is
    when the payment is judged, by the database's clock."""

    amount: Money
    payee_known: bool
    recent_count: int
    at: datetime


@dataclass(frozen=True, slots=True)
class RecentPayments:
    """Which payments are recent: those within `window`, counted up to `most` (0: they are not counted at all)."""

    window: timedelta
    most: int
