"""A limit of the viewer's wallet, and how much of it is used."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from pocketpay.api.money import Money
from pocketpay.transactions import limits as payments


@strawberry.enum(description="What is limited: sums of one wallet within any 24 hours.")
class LimitKind(Enum):
    DEPOSIT_DAILY = strawberry.enum_value("DEPOSIT_DAILY", description="What it brings in from banks.")
    WITHDRAWAL_DAILY = strawberry.enum_value(
        "WITHDRAWAL_DAILY", description="What it sends to banks, fees not counted."
    )
    TRANSFER_DAILY = strawberry.enum_value("TRANSFER_DAILY", description="What it pays to other people.")


@strawberry.type(
    description="How much may be moved within any 24 hours. What awaits an answer counts; what was cancelled, has "
    "expired, failed or was blocked does not, and neither does what was given back."
)
class Limit:
    kind: LimitKind = strawberry.field(description="What is limited.")
    total: Money = strawberry.field(description="The most within 24 hours.")
    used: Money = strawberry.field(description="What of it the last 24 hours have used.")
    remaining: Money = strawberry.field(description="What may still be moved now.")
    resets_at: datetime | None = strawberry.field(
        description="When the oldest of what is used is 24 hours old, so that what remains begins to grow; null "
        "while nothing is used."
    )

    @classmethod
    def of(cls, limit: payments.Limit) -> Self:
        return cls(
            kind=LimitKind[limit.kind.name],
            total=Money.of(limit.total),
            used=Money.of(limit.used),
            remaining=Money.of(limit.remaining),
            resets_at=limit.resets_at,
        )
