"""A limit of the viewer's wallet, and how much of it is used."""

from datetime import datetime
from enum import Enum
from typing import Self

import strawberry

from pocketpay.api.money import Money
from pocketpay.transactions import limits as payments


@strawberry.enum(
    description="The kind of payments that a limit counts. The limit is for their total amount from or to one "
    "wallet within any 24 hours."
)
class LimitKind(Enum):
    DEPOSIT_DAILY = strawberry.enum_value("DEPOSIT_DAILY", description="Deposits from banks.")
    WITHDRAWAL_DAILY = strawberry.enum_value("WITHDRAWAL_DAILY", description="Withdrawals to banks, without fees.")
    TRANSFER_DAILY = strawberry.enum_value("TRANSFER_DAILY", description="Payments to other users.")


@strawberry.type(
    description="A limit on the amount moved within any 24 hours. A payment that waits for confirmation or for a "
    "bank counts too. Cancelled, expired, failed and blocked payments do not count, and refunded amounts do not "
    "count."
)
class Limit:
    kind: LimitKind = strawberry.field(description="What the limit applies to.")
    total: Money = strawberry.field(description="Maximum amount within 24 hours.")
    used: Money = strawberry.field(description="The amount used in the last 24 hours.")
    remaining: Money = strawberry.field(description="The amount that can still be moved now.")
    resets_at: datetime | None = strawberry.field(
        description="When the oldest counted payment becomes 24 hours old and `remaining` starts to grow; null when "
        "nothing is used."
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
